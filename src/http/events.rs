use super::caller::{Asked, Publisher};
use super::problem::Problem;
use super::services::Services;
use crate::model::UserRef;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use serde_json::{Map, Value};

/// `{type, data}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    #[serde(rename = "type")]
    kind: String,
    data: Map<String, Value>,
}

/// `POST /v1/users/{id}/events`: a change of one of the tenant's users; answered with the change.
pub(super) async fn publish(
    services: Data<Services>,
    id: Path<String>,
    Asked(backend, event): Asked<Publisher, Event>,
) -> Result<HttpResponse, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found("there is no such user"))?;
    let user = UserRef { tenant: backend.0.tenant, id };
    let change = services.publishing.publish(&user, &event.kind, &event.data).await?;
    Ok(HttpResponse::Created().json(change))
}
