use actix_web::HttpRequest;
use actix_web::http::Method;

/// Counts a look at the page behind a mailed link, by a person or by a scanner as far as can be
/// told: browsers say that somebody navigates (Fetch Metadata, `Sec-Fetch-Mode`), and most scanners
/// do not. Only counted; what looks like a scanner is shown the same page.
pub(super) fn looked(request: &HttpRequest) {
    let mode = request.headers().get("sec-fetch-mode").and_then(|value| value.to_str().ok());
    let person = request.method() == Method::GET && mode == Some("navigate");
    let by = if person { "person" } else { "scanner" };
    metrics::counter!("afterclick_link_views_total", "by" => by).increment(1);
}
