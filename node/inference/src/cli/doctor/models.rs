//! Each model: its files or its server, and one token of it.

use std::time::{Duration, Instant};

use openledger_models::{
	Backend, BackendError, ChatRequest, EmbeddingRequest, Message, ModelFacts, Role,
};
use openledger_primitives::info::ModelInfo;

use super::Finding;
use crate::{config::ModelConfig, node::models};

/// The time that a model may take to say one token.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tells whether a model can be served.
pub(super) async fn check(config: &ModelConfig, info: Option<&ModelInfo>) -> Vec<Finding> {
	let what = config.name.to_string();
	let backend = match models::load(config).await {
		Ok(backend) => backend,
		Err(error) => return vec![Finding::bad(&what, format_args!("cannot be loaded: {error}"))],
	};
	let mut findings = hashes(&what, backend.facts(), info);
	findings.push(answers(&what, backend.as_ref()).await);
	findings
}

/// Compares what was loaded with what is on chain.
fn hashes(what: &str, facts: &ModelFacts, info: Option<&ModelInfo>) -> Vec<Finding> {
	let Some(info) = info else { return Vec::new() };
	let weights = match facts.weights_hash {
		None => Finding::good(what, "its weights are on another server and cannot be compared"),
		Some(found) if found == info.weights_hash => {
			Finding::good(what, format_args!("its weights are version {}", info.version))
		}
		Some(found) => {
			let said = format!(
				"its weights are {found:?} and the chain says {:?}: it is another model or another \
				 version, get the right file",
				info.weights_hash
			);
			Finding::bad(what, said)
		}
	};
	let tokenizer = match facts.tokenizer_hash {
		found if found == info.tokenizer_hash => {
			Finding::good(what, "its tokenizer is the chain's")
		}
		found if found.is_zero() => Finding::doubtful(
			what,
			"it has no tokenizer here: what its server counts is charged (`trust_usage`)",
		),
		found => Finding::doubtful(
			what,
			format_args!(
				"its tokenizer is {found:?} and the chain says {:?}: callers may count otherwise",
				info.tokenizer_hash
			),
		),
	};
	vec![weights, tokenizer]
}

/// Asks for one token.
async fn answers(what: &str, backend: &dyn Backend) -> Finding {
	let began = Instant::now();
	if let Err(error) = backend.health().await {
		return Finding::bad(what, format_args!("{error}: start it, or correct `base_url`"));
	}
	let said = match tokio::time::timeout(PATIENCE, chat(backend)).await {
		Ok(Ok(())) => {
			let millis = began.elapsed().as_millis();
			return Finding::good(what, format_args!("answers, after {millis} ms"));
		}
		Ok(Err(error)) => error.to_string(),
		Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
	};
	match tokio::time::timeout(PATIENCE, vectors(backend)).await {
		Ok(Ok(())) => {
			Finding::doubtful(what, format_args!("makes vectors, and answers no chats: {said}"))
		}
		_ => Finding::bad(what, format_args!("does not answer: {said}")),
	}
}

async fn chat(backend: &dyn Backend) -> Result<(), BackendError> {
	let messages = vec![Message::new(Role::User, "Hi")];
	let request = ChatRequest { messages, max_tokens: Some(1), ..ChatRequest::default() };
	let call = backend.prepare(request).await?;
	backend.generate(call).await?.collect().await.map(drop)
}

/// Some models make nothing but vectors.
async fn vectors(backend: &dyn Backend) -> Result<(), BackendError> {
	let request = EmbeddingRequest { inputs: vec!["Hi".into()], dimensions: None };
	let call = backend.prepare_embedding(request).await?;
	backend.embed(call).await.map(drop)
}

#[cfg(test)]
mod tests {
	use super::*;
	use openledger_primitives::Hash;

	use crate::cli::doctor::Verdict;
	use openledger_models::testing::{Script, TestBackend};
	use openledger_testkit as testkit;

	#[test]
	fn other_weights_are_no_good() {
		let info = testkit::model();
		let facts = |weights| ModelFacts {
			kind: "test",
			context_length: 10,
			weights_hash: weights,
			tokenizer_hash: Hash::zero(),
		};
		let verdicts = |weights| -> Vec<Verdict> {
			let findings = hashes("m", &facts(weights), Some(&info));
			findings.iter().map(|finding| finding.verdict).collect()
		};
		assert_eq!(verdicts(Some(info.weights_hash)), [Verdict::Good, Verdict::Good]);
		assert_eq!(verdicts(None)[0], Verdict::Good);
		assert_eq!(verdicts(Some(Hash::repeat_byte(1)))[0], Verdict::Bad);
		assert!(hashes("m", &facts(None), None).is_empty());
		let other = ModelInfo { tokenizer_hash: Hash::repeat_byte(1), ..info };
		let findings = hashes("m", &facts(None), Some(&other));
		assert_eq!(findings[1].verdict, Verdict::Doubtful);
		assert!(findings[1].said.contains("trust_usage"), "{}", findings[1].said);
	}

	#[tokio::test]
	async fn a_model_has_to_answer() {
		let well = TestBackend::new(Script::Say(vec!["Hi"]));
		assert_eq!(answers("m", &well).await.verdict, Verdict::Good);
		let error = BackendError::Failed("broken".into());
		let vectors_only = TestBackend::new(Script::Break(vec![], error.clone()));
		assert_eq!(answers("m", &vectors_only).await.verdict, Verdict::Doubtful);
		let broken = TestBackend::new(Script::Refuse(error));
		let finding = answers("m", &broken).await;
		assert_eq!(finding.verdict, Verdict::Bad);
		assert!(finding.said.contains("broken"), "{}", finding.said);
	}
}
