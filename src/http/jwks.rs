use super::services::Services;
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;

/// `GET /.well-known/jwks.json`: the public keys by which other services check our access tokens, as
/// a JSON Web Key Set (RFC 7517 §5). Without `--signing-key` there are none: nobody else can check
/// tokens that a secret signs.
pub(super) async fn keys(services: Data<Services>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/jwk-set+json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(services.accounts.key_set().to_string())
}
