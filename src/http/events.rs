//! Changes that an application's backend publishes, alone or many at once.

use super::caller::{Asked, Publisher};
use super::json::{self, LARGE_BODY};
use super::problem::Problem;
use super::services::Services;
use super::users::{key, named};
use crate::publishing::{Event, Row};
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// `{events: […]}`. What is wrong with one row is that row's business.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    events: Vec<Value>,
}

/// A row of a batch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    user_id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Map<String, Value>,
    idempotency_key: Option<String>,
}

/// `POST /v1/users/{id}/events`: a change of one of the tenant's users; answered with the change.
pub(super) async fn publish(
    services: Data<Services>,
    id: Path<String>,
    request: HttpRequest,
    Asked(backend, event): Asked<Publisher, Event>,
) -> Result<HttpResponse, Problem> {
    let (user, key) = (named(backend.0, &id)?, key(&request)?);
    let change = services.publishing.publish(&user, &event, key).await?;
    Ok(HttpResponse::Created().json(change))
}

/// `POST /v1/events`: up to a hundred changes; 200 with what came of each, in the order given.
pub(super) async fn publish_all(
    services: Data<Services>,
    Asked(backend, batch): Asked<Publisher, Batch, LARGE_BODY>,
) -> Result<HttpResponse, Problem> {
    let lines: Vec<Result<Line, Problem>> = batch.events.into_iter().map(json::read).collect();
    let rows = lines.iter().map(|line| line.as_ref().ok().map(Line::row)).collect();
    let outcomes = services.publishing.publish_all(&backend.0.tenant, rows).await?;
    let results: Vec<Value> = lines
        .into_iter()
        .zip(outcomes)
        .map(|(line, outcome)| match line.and_then(|_| Ok(outcome?)) {
            Ok(change) => json!({ "status": StatusCode::CREATED.as_u16(), "change": change }),
            Err(problem) => problem.as_row(),
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "results": results })))
}

impl Line {
    fn row(&self) -> Row {
        Row {
            user_id: self.user_id.clone(),
            event: Event { kind: self.kind.clone(), data: self.data.clone() },
            key: self.idempotency_key.clone(),
        }
    }
}
