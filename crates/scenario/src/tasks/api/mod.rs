//! The API: takes files, says where their tasks stand, gives results.

mod body;
mod read;
mod refused;
mod submit;

use service::objects::Objects;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::Store;

/// What the API works with.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) store: Store,
    pub(super) sqs: aws_sdk_sqs::Client,
    pub(super) queue_url: String,
    /// How many bytes a text may have.
    pub(super) max_text: u64,
}

impl Api {
    fn objects(&self) -> &Objects {
        &self.store.objects
    }

    /// The routes whose requests are short.
    pub(super) fn routes(&self) -> OpenApiRouter {
        OpenApiRouter::new()
            .routes(routes!(read::randomize_status))
            .routes(routes!(read::sum_even_status))
            .with_state(self.clone())
    }

    /// The routes whose bodies are long, in or out.
    pub(super) fn streaming_routes(&self) -> OpenApiRouter {
        OpenApiRouter::new()
            .routes(routes!(submit::randomize))
            .routes(routes!(submit::sum_even))
            .routes(routes!(read::randomize_result))
            .routes(routes!(read::sum_even_result))
            .with_state(self.clone())
    }
}

/// A picture as a PNG.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it stands for the bytes in the documentation")]
pub(super) struct Png(Vec<u8>);

/// A text of numbers between white space, commas or semicolons.
#[derive(ToSchema)]
#[schema(value_type = String, example = "1, 2; -4\n12a 9007199254740992")]
#[expect(dead_code, reason = "it stands for the text in the documentation")]
pub(super) struct Numbers(String);
