//! The request of an app.

use axum::body::Bytes;
use openledger_protocol::{task::ChatTexts, Task};

/// A call, as an app asks for it.
#[derive(Clone, Debug)]
pub struct Request {
	/// The kind of call.
	pub task: Task,
	/// The request's bytes; they go to the node as they are.
	pub body: Bytes,
	/// The model's name.
	pub model: String,
	/// The most tokens of the answer, if it says.
	pub max_tokens: Option<u32>,
	/// The texts that the model reads just as they are, where there are such.
	pub inputs: Option<Vec<String>>,
	/// The texts of a chat.
	pub chat: Option<ChatTexts>,
	/// `true` if the answer is to come piece by piece.
	pub stream: bool,
	/// The base URL of the only node that may answer, if there is one.
	pub node: Option<String>,
}
