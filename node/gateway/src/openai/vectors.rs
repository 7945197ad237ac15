//! Texts as vectors.

use base64::{engine::general_purpose::STANDARD, Engine};
use openledger_models::Embedded;
use serde::Serialize;

/// The body of an answer with vectors.
#[derive(Debug, Serialize)]
pub struct EmbeddingList {
	object: &'static str,
	/// One for each text, in their order.
	data: Vec<Embedding>,
	model: String,
	usage: Usage,
}

/// One text as a vector.
#[derive(Debug, Serialize)]
struct Embedding {
	object: &'static str,
	/// The place of its text in the request.
	index: usize,
	embedding: Vector,
}

/// A vector in one of the two forms that callers may ask for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Vector {
	Numbers(Vec<f32>),
	Base64(String),
}

#[derive(Debug, Serialize)]
struct Usage {
	prompt_tokens: u32,
	total_tokens: u32,
}

/// The numbers as 32-bit floats, the lowest byte first, in base64.
fn base64(vector: &[f32]) -> String {
	let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
	STANDARD.encode(bytes)
}

/// The text that is hashed of an answer with vectors, whatever form they were sent in: each vector
/// in base64, and a line feed after it.
pub fn signed_text(vectors: &[Vec<f32>]) -> String {
	vectors.iter().flat_map(|vector| [base64(vector), "\n".to_owned()]).collect()
}

impl EmbeddingList {
	/// The body of an answer.
	pub fn new(model: impl Into<String>, embedded: Embedded, in_base64: bool) -> Self {
		let Embedded { vectors, input_tokens } = embedded;
		let data = vectors.into_iter().enumerate().map(|(index, vector)| {
			let embedding = match in_base64 {
				true => Vector::Base64(base64(&vector)),
				false => Vector::Numbers(vector),
			};
			Embedding { object: "embedding", index, embedding }
		});
		Self {
			object: "list",
			data: data.collect(),
			model: model.into(),
			usage: Usage { prompt_tokens: input_tokens, total_tokens: input_tokens },
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use serde_json::{json, to_value};

	#[test]
	fn both_forms() {
		let embedded = Embedded { vectors: vec![vec![0.5, -1.0], vec![2.0]], input_tokens: 4 };
		let list = to_value(EmbeddingList::new("m", embedded.clone(), false)).expect("it does");
		assert_eq!(
			list,
			json!({
				"object": "list", "model": "m",
				"data": [
					{ "object": "embedding", "index": 0, "embedding": [0.5, -1.0] },
					{ "object": "embedding", "index": 1, "embedding": [2.0] },
				],
				"usage": { "prompt_tokens": 4, "total_tokens": 4 },
			})
		);
		let list = to_value(EmbeddingList::new("m", embedded.clone(), true)).expect("it does");
		assert_eq!(list["data"][0]["embedding"], json!("AAAAPwAAgL8="));
		assert_eq!(signed_text(&embedded.vectors), "AAAAPwAAgL8=\nAAAAQA==\n");
	}
}
