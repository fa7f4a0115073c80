//! The media repository.

use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use super::{ApiError, Arc, Bytes, Caller, Core, Json, Reply, State};

/// Keeps a file. Gives its address. As Synapse does, it wants to know the length beforehand.
pub(super) async fn upload(
    State(core): State<Arc<Core>>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    caller.check(&core)?;
    if !headers.contains_key(header::CONTENT_LENGTH) {
        return Err(ApiError::new(400, "M_UNKNOWN", "Request must specify a Content-Length"));
    }
    Ok(Json(json!({ "content_uri": core.keep_file(body) })))
}

/// Gives a file out.
pub(super) async fn download(
    State(core): State<Arc<Core>>,
    caller: Caller,
    Path((server, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.check(&core)?;
    let file = core.files.get(&format!("mxc://{server}/{id}")).map(|file| file.clone());
    let file = file.ok_or_else(|| ApiError::new(404, "M_NOT_FOUND", "Not found"))?;
    Ok((StatusCode::OK, Body::from(file)).into_response())
}
