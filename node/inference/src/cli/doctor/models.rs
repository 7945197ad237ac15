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
	let mut findings = hashes(config, backend.facts(), info);
	findings.push(answers(&what, backend.as_ref()).await);
	findings
}

/// Compares what was loaded with what is on chain.
fn hashes(config: &ModelConfig, facts: &ModelFacts, info: Option<&ModelInfo>) -> Vec<Finding> {
	let Some(info) = info else { return Vec::new() };
	let what = config.name.to_string();
	let weights = match facts.base_hash {
		None => Finding::good(&what, "its weights are on another server and cannot be compared"),
		Some(_) if facts.may_be(info.details.base_hash, info.details.adapter_hash) => {
			Finding::good(&what, format_args!("its weights are version {}", info.version))
		}
		Some(found) if found == info.details.base_hash => Finding::bad(
			&what,
			"its version is an adapter for these weights, which take none here: have another server \
			 answer for it (`backend.openai`)",
		),
		Some(found) => {
			let said = format!(
				"its weights are {found:?} and the chain says {:?}: it is another model or another \
				 version, get the right file",
				info.details.base_hash
			);
			Finding::bad(&what, said)
		}
	};
	let tokenizer = match models::tokenizer_doubt(config, facts, info) {
		None => Finding::good(&what, "its tokenizer is the chain's"),
		Some(reason) => Finding::doubtful(&what, reason),
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
	use std::path::Path;

	use openledger_primitives::Hash;

	use crate::{cli::doctor::Verdict, config::Config};
	use openledger_models::testing::{Script, TestBackend};
	use openledger_testkit as testkit;

	fn config(backend: &str) -> ModelConfig {
		let text =
			format!("data_dir = \"d\"\nkey = \"stdin\"\n[[models]]\nname = \"m\"\n{backend}\n");
		Config::parse(&text, Path::new("/models")).unwrap().models.remove(0)
	}

	fn facts(base_hash: Option<Hash>, tokenizer_hash: Option<Hash>) -> ModelFacts {
		ModelFacts { kind: "test", context_length: 10, base_hash, tokenizer_hash }
	}

	#[test]
	fn other_weights_are_no_good() {
		let (config, info) = (config("backend.candle.path = \"m.gguf\""), testkit::model());
		let verdict = |weights| {
			let facts = facts(weights, Some(info.details.tokenizer_hash));
			let findings = hashes(&config, &facts, Some(&info));
			assert_eq!(findings[1].verdict, Verdict::Good);
			findings[0].verdict
		};
		assert_eq!(verdict(Some(info.details.base_hash)), Verdict::Good);
		assert_eq!(verdict(None), Verdict::Good);
		assert_eq!(verdict(Some(Hash::repeat_byte(1))), Verdict::Bad);
		let mut adapted = info.clone();
		adapted.details.adapter_hash = Some(Hash::repeat_byte(1));
		let weights = facts(Some(info.details.base_hash), None);
		let finding = hashes(&config, &weights, Some(&adapted)).remove(0);
		assert_eq!(finding.verdict, Verdict::Bad);
		assert!(finding.said.contains("is an adapter"), "{}", finding.said);
		assert!(hashes(&config, &facts(None, None), None).is_empty());
	}

	#[test]
	fn a_tokenizer_that_is_another_or_cannot_be_compared_is_named() {
		let mut info = testkit::model();
		info.details.tokenizer_hash = Hash::repeat_byte(0xcc);
		let own = "backend.candle = { path = \"m.gguf\", tokenizer = \"other/tokenizer.json\" }";
		let gguf = "backend.candle.path = \"m.gguf\"";
		let trusting = "backend.openai = { base_url = \"http://a/v1\", upstream_model = \"m\", \
		                context = 100, trust_usage = true }";
		let wrong = Some(Hash::repeat_byte(0xee));
		for (backend, found, said) in [
			(
				own,
				wrong,
				["/models/other/tokenizer.json has the hash 0xeeee", "get the model's own"],
			),
			(gguf, None, ["in /models/m.gguf, which cannot be compared", "under `tokenizer`"]),
			(trusting, None, ["no tokenizer here", "trust_usage"]),
		] {
			let findings = hashes(&config(backend), &facts(None, found), Some(&info));
			assert_eq!(findings[1].verdict, Verdict::Doubtful);
			for said in said {
				assert!(findings[1].said.contains(said), "{}", findings[1].said);
			}
		}
		info.details.tokenizer_hash = info.details.base_hash;
		let finding = hashes(&config(gguf), &facts(None, None), Some(&info)).remove(1);
		assert!(finding.said.contains("ask the model's owner"), "{}", finding.said);
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
