//! `GET /openapi.json`: what the routes are, for programs.
//!
//! The document is data, kept as JSON beside this file, a file a family: attributes on handlers
//! would be longer than the handlers, and a table of routes is not seen by the macros that read
//! attributes. What keeps it true is the test below, which compares it with the route table.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use bytes::Bytes;
use serde_json::{Map, Value};

const DOCUMENT: &str = include_str!("document.json");
const COMPONENTS: &str = include_str!("components.json");
const ACCOUNTS: &str = include_str!("accounts.json");
const PASSWORDS: &str = include_str!("passwords.json");
const WEBHOOKS: &str = include_str!("webhooks.json");
const FAMILIES: [&str; 7] = [
    include_str!("me.json"),
    include_str!("live.json"),
    include_str!("verification.json"),
    include_str!("backend.json"),
    include_str!("users.json"),
    include_str!("operations.json"),
    include_str!("keys.json"),
];

/// The calls that are there only with accounts of our own.
const BUILT_IN: [&str; 3] = ["signUp", "logIn", "refresh"];

/// The document; with `built_in` off, without the calls that are not there then.
pub(super) fn document(built_in: bool) -> Value {
    let mut document = object(DOCUMENT);
    let mut paths = object(ACCOUNTS);
    if built_in {
        paths.extend(object(PASSWORDS));
    } else {
        paths.retain(|_, path| {
            let Some(calls) = path.as_object_mut() else { return false };
            calls.retain(|_, call| {
                call["operationId"].as_str().is_some_and(|id| !BUILT_IN.contains(&id))
            });
            !calls.is_empty()
        });
    }
    for (path, calls) in FAMILIES.into_iter().flat_map(object) {
        // One path may be in two families: who signs up and who lists users are two people.
        match (paths.get_mut(&path), calls) {
            (Some(Value::Object(known)), Value::Object(calls)) => known.extend(calls),
            (_, calls) => {
                paths.insert(path, calls);
            }
        }
    }
    document.insert("paths".to_owned(), Value::Object(paths));
    document.insert("webhooks".to_owned(), Value::Object(object(WEBHOOKS)));
    document.insert("components".to_owned(), Value::Object(object(COMPONENTS)));
    Value::Object(document)
}

/// Answers with a document made before.
pub(super) fn answer(text: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(text)
}

/// A file's object; that each is one is tested.
fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{Offered, routes};
    use super::*;
    use actix_web::App;
    use actix_web::http::Method;
    use actix_web::test::{TestRequest, call_service, init_service};
    use std::collections::BTreeSet;

    /// Each method and path of the document.
    fn documented(built_in: bool) -> BTreeSet<(String, String)> {
        let document = document(built_in);
        let paths = document["paths"].as_object().unwrap().clone();
        let calls = |(path, calls): (String, Value)| {
            let methods: Vec<String> = calls.as_object().unwrap().keys().cloned().collect();
            methods.into_iter().map(move |method| (method.to_uppercase(), path.clone()))
        };
        paths.into_iter().flat_map(calls).collect()
    }

    /// Each path of the route table, less the files of the first page and of Swagger UI.
    fn table() -> impl Iterator<Item = String> {
        let source = include_str!("../mod.rs");
        let paths = source.split("resource(\"").skip(1).filter_map(|rest| rest.split('"').next());
        paths.filter(|path| !path.contains("{file")).map(str::to_owned)
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document(true);
        let text = document.to_string();
        let references: BTreeSet<&str> =
            text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();

        assert!(references.len() > 20);
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }

    #[tokio::test]
    async fn the_document_and_the_routes_are_the_same() {
        for built_in in [true, false] {
            let offered = Offered { accounts: built_in, users: true, operators: true };
            let app = init_service(App::new().configure(|config| routes(config, offered))).await;
            let documented = documented(built_in);
            let paths: BTreeSet<String> = documented
                .iter()
                .map(|(_, path)| path.clone())
                .chain(table().filter(|_| built_in))
                .collect();

            for path in paths {
                for method in
                    [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH]
                {
                    let uri = path.replace("{id}", "x").replace("{token}", "x");
                    let request = TestRequest::with_uri(&uri).method(method.clone()).to_request();
                    let status = call_service(&app, request).await.status().as_u16();
                    let served = status != 404 && status != 405;
                    let told = documented.contains(&(method.to_string(), path.clone()));
                    assert_eq!(
                        served, told,
                        "{method} {path} with built-in accounts {built_in}: {status}"
                    );
                }
            }
        }
    }
}
