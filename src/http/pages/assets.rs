use super::frame::{Page, headers};
use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header, HeaderMap, IfNoneMatch,
};
use rust_embed::{Embed, EmbeddedFile};
use std::fmt::Write;

/// The files of `public/`: in the binary when it is optimised, read from the sources when not, so
/// that a change shows without compiling.
#[derive(Embed)]
#[folder = "public/"]
struct Public;

/// A file of `public/` by its path without the leading slash, `index.html` for the empty one; `None`
/// where there is no such file.
///
/// Its `ETag` is a hash of the content, and browsers ask each time (`no-cache`), so a deployment
/// reaches every tab at its next load and costs a 304 otherwise. `request` is read for
/// `If-None-Match`.
pub fn asset(path: &str, request: &HeaderMap) -> Option<HttpResponse> {
    let path = if path.is_empty() { "index.html" } else { path };
    let file = Public::get(path)?;
    let tag = tag(&file);
    let fresh = matches(request, &tag);
    let mut response = if fresh { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    for header in headers(Page::App) {
        response.insert_header(header);
    }
    response.insert_header((ETAG, tag.to_string())).insert_header((CACHE_CONTROL, "no-cache"));
    if fresh {
        return Some(response.finish());
    }
    response.insert_header((CONTENT_TYPE, content_type(path, &file)));
    Some(response.body(file.data.into_owned()))
}

fn tag(file: &EmbeddedFile) -> EntityTag {
    let hash = file.metadata.sha256_hash();
    let hex = hash.iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    EntityTag::new_strong(hex)
}

/// RFC 9110 §13.1.2: compared weakly, since a proxy that compresses may have weakened ours.
fn matches(request: &HeaderMap, tag: &EntityTag) -> bool {
    let values = request.get_all(IfNoneMatch::name());
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.parse::<EntityTag>().is_ok_and(|one| one.weak_eq(tag))
    })
}

fn content_type(path: &str, file: &EmbeddedFile) -> String {
    // By their ending alone, declarations would be videos (MPEG-2 transport streams).
    let kind = if path.ends_with(".d.ts") { "text/plain" } else { file.metadata.mimetype() };
    if kind.starts_with("text/") || kind == "image/svg+xml" {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderValue, IF_NONE_MATCH};
    use rstest::rstest;

    fn get(path: &str, if_none_match: Option<&str>) -> Option<HttpResponse> {
        let mut request = HeaderMap::new();
        if let Some(tag) = if_none_match {
            request.insert(IF_NONE_MATCH, HeaderValue::from_str(tag).unwrap());
        }
        asset(path, &request)
    }

    fn header(response: &HttpResponse, name: &str) -> String {
        response.headers().get(name).unwrap().to_str().unwrap().to_owned()
    }

    #[rstest]
    #[case("", "text/html; charset=utf-8")]
    #[case("index.html", "text/html; charset=utf-8")]
    #[case("app.js", "text/javascript; charset=utf-8")]
    #[case("cursor.js", "text/javascript; charset=utf-8")]
    #[case("afterclick.d.ts", "text/plain; charset=utf-8")]
    #[case("afterclick.css", "text/css; charset=utf-8")]
    #[case("favicon.svg", "image/svg+xml; charset=utf-8")]
    fn each_file_has_its_type_and_is_safe_to_open(#[case] path: &str, #[case] kind: &str) {
        let response = get(path, None).unwrap();

        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), kind);
        assert_eq!(header(&response, "cache-control"), "no-cache");
        for (name, value) in headers(Page::App) {
            assert_eq!(header(&response, name.as_str()), value);
        }
    }

    #[test]
    fn a_browser_that_has_the_file_gets_304() {
        let tag = header(&get("", None).unwrap(), "etag");

        for held in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".into()] {
            let response = get("", Some(&held)).unwrap();
            assert_eq!(response.status(), 304, "{held}");
            assert_eq!(header(&response, "etag"), tag);
        }
        assert_eq!(get("", Some("\"x\"")).unwrap().status(), 200);
        assert_ne!(header(&get("app.js", None).unwrap(), "etag"), tag);
    }

    #[test]
    fn nothing_outside_the_folder_is_served() {
        for path in ["../Cargo.toml", "/etc/passwd", "..", ".", "app.js/", "%2e%2e/Cargo.toml", "x"]
        {
            assert!(get(path, None).is_none(), "{path}");
        }
    }
}
