//! Requests for vectors.

use openledger_protocol::{ApiError, RefusalCode};

use super::fields::{object, Fields};
use crate::EmbeddingRequest;

/// The most texts that OpenAI takes at once.
const MOST_INPUTS: usize = 2_048;

/// A request to `/v1/embeddings` that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingsRequest {
	/// The model that is wanted.
	pub model: String,
	/// True if vectors are to be written in base64, and not as lists of numbers.
	pub base64: bool,
	/// The texts that are to be turned into vectors.
	pub embedding: EmbeddingRequest,
}

impl EmbeddingsRequest {
	/// Reads a request from the bytes of an HTTP body.
	///
	/// # Errors
	/// 400, with the part of the request that is wrong.
	pub fn from_json(body: &[u8]) -> Result<Self, ApiError> {
		let object = object(body)?;
		let fields = Fields::of(&object);
		let model = fields.model()?;
		let base64 = match fields.text("encoding_format")? {
			None | Some("float") => false,
			Some("base64") => true,
			Some(_) => {
				let message = "`encoding_format` must be `float` or `base64`";
				return Err(ApiError::invalid(
					"encoding_format",
					RefusalCode::InvalidValue,
					message,
				));
			}
		};
		let dimensions = fields.integer("dimensions", 1..=i64::MAX)?;
		let dimensions = dimensions.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
		let embedding = EmbeddingRequest { inputs: inputs(&fields)?, dimensions };
		Ok(Self { model, base64, embedding })
	}
}

fn inputs(fields: &Fields<'_>) -> Result<Vec<String>, ApiError> {
	let inputs = fields.texts("input")?.ok_or_else(|| ApiError::missing("input"))?;
	if inputs.is_empty() || inputs.len() > MOST_INPUTS || inputs.iter().any(String::is_empty) {
		let message = format!("`input` takes 1 to {MOST_INPUTS} texts, none of them empty");
		return Err(ApiError::invalid("input", RefusalCode::InvalidValue, message));
	}
	Ok(inputs)
}
