use super::*;
use openledger_chain_client::keys::SecretUri;
use openledger_gateway::server::LONGEST_VOUCHER;
use openledger_primitives::price::PriceSchedule;

const LEAST: &str = r#"
data_dir = "state"
key = { uri = "//Bob" }

[[models]]
name = "smollm2"
backend.candle.path = "models/a.gguf"
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
	Config::parse(text, Path::new("/etc/openledger"))
}

/// The complaint about the least configuration with one text replaced by another.
fn complaint(from: &str, to: &str) -> String {
	assert!(LEAST.contains(from), "nothing to replace");
	parse(&LEAST.replacen(from, to, 1)).expect_err("it is refused").to_string()
}

fn assert_complains(from: &str, to: &str, about: &[&str]) {
	let complaint = complaint(from, to);
	for part in about {
		assert!(complaint.contains(part), "{part:?} is not in {complaint:?}");
	}
}

#[test]
fn the_example_is_good_and_shows_every_key() {
	let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml");
	let config = Config::load(&path).expect("the example is good");
	assert_eq!(config.listen, defaults::listen());
	assert_eq!(config.models.len(), 2);
	// What is commented out is good as well, and is what the default would be or an alternative.
	let text = std::fs::read_to_string(&path).expect("it is there");
	for key in [
		"data_dir",
		"listen",
		"endpoint",
		"key",
		"operator",
		"payee",
		"receipt_key",
		"key_type",
		"receipt_key_type",
		"url",
		"away_seconds",
		"max_age_seconds",
		"max_calls",
		"max_value",
		"min_value",
		"mode",
		"aggregate_from",
		"keep_days",
		"heartbeat_seconds",
		"on_chain_calls",
		"allowed_origins",
		"body_bytes",
		"concurrent",
		"header_bytes",
		"exposure",
		"connections",
		"header_timeout_seconds",
		"body_timeout_seconds",
		"idle_timeout_seconds",
		"enabled",
		"threads",
		"name",
		"default_max_tokens",
		"queue",
		"timeout_seconds",
		"price",
		"path",
		"tokenizer",
		"chat_template",
		"context",
		"unpack",
		"conversations_mib",
		"conversations_minutes",
		"base_url",
		"api_key_env",
		"upstream_model",
		"connect_timeout_seconds",
		"first_token_timeout_seconds",
		"retries",
		"pass_through",
		"trust_usage",
		"embeddings",
		"health_interval_seconds",
	] {
		assert!(text.contains(&format!("{key} = ")), "`{key}` is not in the example");
	}
	let all: String = text
		.lines()
		.map(|line| match line.strip_prefix("# ") {
			Some(setting) if is_setting(setting) => setting,
			_ => line,
		})
		.flat_map(|line| [line, "\n"])
		.collect();
	parse(&all).expect("with every optional key set it is good");
}

/// Tells whether a commented line is a setting and not prose.
fn is_setting(line: &str) -> bool {
	line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) && !line.starts_with("key = ")
}

#[test]
fn defaults_are_filled_in() {
	let config = parse(LEAST).expect("it is good");
	assert_eq!(config.listen.to_string(), "127.0.0.1:8402");
	assert_eq!(config.chain.url, "ws://127.0.0.1:9944");
	assert_eq!(config.key, KeySource::Uri(SecretUri::from("//Bob".to_owned())));
	assert_eq!(config.settlement, SettlementConfig::default());
	assert_eq!(config.limits, LimitsConfig::default());
	assert!(config.metrics.enabled);
	assert_eq!(config.compute.threads, None);
	let model = &config.models[0];
	assert_eq!(model.name, ModelRef::Name("smollm2".into()));
	assert_eq!((model.default_max_tokens, model.queue, model.timeout_seconds), (512, 32, 600));
}

#[test]
fn paths_start_from_the_file_s_folder() {
	let config = parse(LEAST).expect("it is good");
	assert_eq!(config.data_dir, Path::new("/etc/openledger/state"));
	let path = |text: &str| {
		let config = parse(&LEAST.replace("models/a.gguf", text)).expect("it is good");
		match &config.models[0].backend {
			BackendConfig::Candle(candle) => candle.path.clone(),
			BackendConfig::Openai(_) => PathBuf::new(),
		}
	};
	assert_eq!(path("models/a.gguf"), Path::new("/etc/openledger/models/a.gguf"));
	assert_eq!(path("/srv/a.gguf"), Path::new("/srv/a.gguf"));
	let home = std::env::var_os("HOME").expect("there is a home");
	assert_eq!(path("~/a.gguf"), Path::new(&home).join("a.gguf"));
}

#[test]
fn models_go_by_name_or_number() {
	let config = parse(&LEAST.replace("\"smollm2\"", "7")).expect("it is good");
	assert_eq!(config.models[0].name, ModelRef::Id(7));
	assert_eq!(config.models[0].name.to_string(), "#7");
}

#[test]
fn amounts_may_be_larger_than_toml_integers() {
	let with = |value: &str| {
		let text = format!("{LEAST}\n[settlement]\nmin_value = {value}\n");
		parse(&text).map(|config| config.settlement.min_value)
	};
	assert_eq!(with("1_000").expect("good"), 1_000);
	let ten_open = 10_000_000_000_000_000_000;
	assert_eq!(with("\"10_000_000_000_000_000_000\"").expect("good"), ten_open);
	for wrong in ["-1", "\"1.5\"", "\"\"", "1.5", "true"] {
		let error = with(wrong).expect_err("refused").to_string();
		assert!(error.contains("line 10") && error.contains("`settlement.min_value`"), "{error}");
	}
}

#[test]
fn complaints_name_line_and_key() {
	assert_complains("data_dir", "data_folder", &["line 2", "data_folder", "data_dir"]);
	assert_complains("name =", "nmae =", &["line 6", "nmae"]);
	assert_complains("backend.candle.path", "backend.candle.pth", &["line 7", "pth"]);
	assert_complains("candle.path", "torch.path", &["line 7", "torch", "candle", "openai"]);
	assert_complains("data_dir = \"state\"", "", &["data_dir"]);
	assert_complains("data_dir = \"state\"", "data_dir = state", &["line 2"]);
	assert_complains("data_dir = \"state\"", "data_dir = 5", &["line 2", "`data_dir`"]);
	for (setting, about) in [
		("listen = \"8402\"", "`listen`"),
		("endpoint = \"example.org\"", "`endpoint`"),
		("chain.url = \"http://127.0.0.1\"", "`chain.url`"),
		("settlement.max_calls = 0", "`settlement.max_calls`"),
		("settlement.max_age_seconds = -5", "`settlement.max_age_seconds`"),
		("limits.body_bytes = 10", "`limits.body_bytes`"),
		("limits.concurrent = 1_000_000", "`limits.concurrent`"),
		("limits.conections = 5", "conections"),
		("limits.header_bytes = 100", "`limits.header_bytes`"),
		("limits.header_timeout_seconds = 5", "`limits.header_timeout_seconds`"),
		("metrics.enabled = \"yes\"", "`metrics.enabled`"),
		("compute.threads = 0", "`compute.threads`"),
	] {
		let replacement = format!("{setting}\ndata_dir");
		assert_complains("data_dir", &replacement, &["line 2", about]);
	}
	for (setting, about) in [
		("queue = 100_000", "queue"),
		("default_max_tokens = 0", "default_max_tokens"),
		("timeout_seconds = 1.5", "timeout_seconds"),
		("price.per_call = -1", "per_call"),
		("price.per_word = 1", "per_word"),
		("backend.candle.context = 3", "context"),
	] {
		let replacement = format!("{setting}\nname =");
		assert_complains("name =", &replacement, &["line 6", about]);
	}
}

#[test]
fn model_names_follow_the_chain_s_rule() {
	let long = "x".repeat(65);
	for wrong in ["", "SmolLM2", "-a", "a/", "a b", "ä", long.as_str()] {
		assert_complains("smollm2", wrong, &["line 6", "name"]);
	}
	assert_complains("\"smollm2\"", "-1", &["line 6", "negative"]);
	assert_complains("\"smollm2\"", "5_000_000_000", &["line 6", "5000000000"]);
}

#[test]
fn models_are_there_and_there_once() {
	let (head, model) = LEAST.split_once("[[models]]").expect("a model");
	let error = parse(&format!("models = []\n{head}")).expect_err("refused").to_string();
	assert!(error.contains("`models`") && error.contains("at least one"), "{error}");
	let error = parse(&format!("{LEAST}[[models]]{model}")).expect_err("refused").to_string();
	assert!(error.contains("`models[1].name`") && error.contains("twice"), "{error}");
}

#[test]
fn forwarding_needs_a_tokenizer_and_a_context() {
	let forward = |rest: &str| {
		let backend = format!(
			"backend.openai = {{ base_url = \"http://127.0.0.1:8000/v1\", upstream_model = \"m\", {rest} }}"
		);
		parse(&LEAST.replace("backend.candle.path = \"models/a.gguf\"", &backend))
	};
	let good = "tokenizer = \"t.json\", context = 4096";
	let config = forward(good).expect("it is good");
	let BackendConfig::Openai(openai) = &config.models[0].backend else {
		panic!("another backend");
	};
	assert_eq!(openai.tokenizer.as_deref(), Some(Path::new("/etc/openledger/t.json")));
	assert_eq!((openai.concurrent, openai.retries), (16, 2));
	assert_eq!(openai.pass_through, [PassThrough::Tools, PassThrough::ResponseFormat]);
	assert!(!openai.trust_usage && !openai.embeddings);
	let trusting = forward("trust_usage = true, context = 4096").expect("it is good");
	let BackendConfig::Openai(openai) = &trusting.models[0].backend else {
		panic!("another backend");
	};
	assert_eq!(openai.tokenizer, None);
	assert_eq!(config.capacity(&config.models[0]), 16);
	let limits = LimitsConfig { concurrent: 9, ..config.limits.clone() };
	let config = Config { limits, ..config };
	assert_eq!(config.capacity(&config.models[0]), 9, "over all models");
	for (rest, about) in [
		("context = 4096", "trust_usage"),
		("tokenizer = \"t.json\"", "context"),
		("tokenizer = \"t.json\", context = 4096, pass_through = [\"images\"]", "images"),
		("tokenizer = \"t.json\", context = 4096, retries = 99", "retries"),
		("tokenizer = \"t.json\", context = 4096, api_key_env = \"\"", "api_key_env"),
	] {
		let error = forward(rest).expect_err("refused").to_string();
		assert!(error.contains(about), "{error}");
	}
}

#[test]
fn secrets_never_show() {
	let secret = "bottom drive obey lake";
	for key in [
		format!("key = {{ uri = \"{secret}\" }}"),
		format!("key = \"{secret}\""),
		format!("key = {{ url = \"{secret}\" }}"),
		format!("key = {{ uri = \"{secret}\", env = \"X\" }}"),
		format!("key = [\"{secret}\"]"),
		format!("key = {{ uri = [\"{secret}\"] }}"),
	] {
		let complaint = complaint("key = { uri = \"//Bob\" }", &key);
		assert!(complaint.contains("line 3"), "{complaint}");
		for word in secret.split(' ') {
			assert!(!complaint.contains(word), "{complaint}");
		}
	}
	let config = parse(&LEAST.replace("//Bob", "//Drive")).expect("it is good");
	assert!(!format!("{config:?}").contains("Drive"));
}

#[test]
fn keys_come_from_where_they_are_kept() {
	for (text, source) in [
		("\"stdin\"", KeySource::Stdin),
		("{ env = \"KEY\" }", KeySource::Env("KEY".into())),
		("{ file = \"key\" }", KeySource::File("/etc/openledger/key".into())),
		("{ file = \"/run/key\" }", KeySource::File("/run/key".into())),
	] {
		let config = parse(&LEAST.replace("{ uri = \"//Bob\" }", text)).expect("it is good");
		assert_eq!(config.key, source);
		assert_eq!(config.receipt_key, None);
		let text = format!("receipt_key = {text}\n{LEAST}");
		assert_eq!(parse(&text).expect("it is good").receipt_key, Some(source));
	}
}

#[test]
fn files_are_named() {
	let folder = tempfile::tempdir().expect("a folder");
	let path = folder.path().join("node.toml");
	let error = Config::load(&path).expect_err("it is not there").to_string();
	assert!(error.contains("node.toml"), "{error}");
	std::fs::write(&path, "listen = 5\n").expect("it is written");
	let error = Config::load(&path).expect_err("it is wrong").to_string();
	assert!(error.contains("node.toml, line 1"), "{error}");
}

#[test]
fn calls_on_chain_and_sums_are_chosen_by_name() {
	let config = parse(LEAST).expect("it is good");
	assert_eq!(config.on_chain_calls, OnChainCalls::Named);
	assert_eq!(config.settlement.mode, SettlementMode::Auto);
	assert_eq!((config.chain.heartbeat_seconds, config.settlement.keep_days), (43_200, 30));
	let text = format!(
		"on_chain_calls = \"any\"\n{LEAST}\n[settlement]\nmode = \"aggregate\"\naggregate_from = 2"
	);
	let config = parse(&text).expect("it is good");
	assert_eq!(config.on_chain_calls, OnChainCalls::Any);
	assert_eq!(config.settlement.mode, SettlementMode::Aggregate);
	assert_eq!(config.settlement.aggregate_from, 2);
	for wrong in ["mode = \"sums\"", "aggregate_from = 1", "keep_days = 0"] {
		let refused = parse(&format!("{LEAST}\n[settlement]\n{wrong}"));
		assert!(refused.is_err(), "{wrong}");
	}
}

#[test]
fn what_may_be_owed_and_for_how_long_the_chain_may_be_away() {
	let config = parse(LEAST).expect("it is good");
	assert_eq!((config.limits.exposure, config.chain.away_seconds), (100 * OPEN, 3_600));
	assert_eq!(config.settlement.max_value, u128::MAX);
	for (text, exposure) in [("3", 3 * OPEN), ("\"0.5\"", OPEN / 2), ("\"7 planck\"", 7)] {
		let config = parse(&format!("{LEAST}\n[limits]\nexposure = {text}"));
		assert_eq!(config.expect("it is good").limits.exposure, exposure, "{text}");
	}
	for wrong in ["exposure = -1", "exposure = \"much\"", "exposure = true"] {
		assert!(parse(&format!("{LEAST}\n[limits]\n{wrong}")).is_err(), "{wrong}");
	}
	assert!(parse(&format!("{LEAST}\n[chain]\naway_seconds = 59")).is_err());
}

#[test]
fn keys_are_of_three_kinds() {
	let config = parse(LEAST).expect("it is good");
	assert_eq!((config.key_type, config.receipt_key_type), (Scheme::Sr25519, Scheme::Sr25519));
	for (text, kind) in [("ed25519", Scheme::Ed25519), ("ecdsa", Scheme::Ecdsa)] {
		let config = parse(&format!("key_type = \"{text}\"\n{LEAST}")).expect("it is good");
		assert_eq!(config.key_type, kind);
	}
	assert!(parse(&format!("receipt_key_type = \"rsa\"\n{LEAST}")).is_err());
}

#[test]
fn vouchers_are_valid_for_less_than_a_day() {
	let with = |blocks| parse(&format!("{LEAST}\n[limits]\nvoucher_blocks = {blocks}"));
	let longest = with(LONGEST_VOUCHER).expect("it is good").limits.voucher_blocks;
	assert_eq!(longest, LONGEST_VOUCHER);
	assert!(with(LONGEST_VOUCHER + 1).is_err());
}

#[test]
fn a_model_may_have_a_price_of_this_nodes_own() {
	let priced = |price: &str| parse(&LEAST.replace("name =", &format!("price = {price}\nname =")));
	assert_eq!(parse(LEAST).expect("it is good").models[0].own_price(), None);
	let good = "{ per_call = 1_000, per_input_token = \"20_000_000_000_000_000_000\", \
	            per_cached_input_token = \"5\", per_output_token = 0 }";
	let config = priced(good).expect("it is good");
	let expected = PriceSchedule {
		per_call: 1_000,
		per_input_token: 20 * OPEN,
		per_cached_input_token: 5,
		per_output_token: 0,
	};
	assert_eq!(config.models[0].own_price(), Some(expected));
	let free = parse(LEAST).expect("it is good");
	assert!(config.models[0].loads_as(&free.models[0]), "nothing has to be loaded anew");
	let slower = parse(&LEAST.replace("name =", "queue = 5\nname =")).expect("it is good");
	assert!(!slower.models[0].loads_as(&free.models[0]));

	let dear = good.replace("\"5\"", "\"20_000_000_000_000_000_001\"");
	let error = priced(&dear).expect_err("it is refused").to_string();
	assert!(error.contains("`models[0].price.per_cached_input_token`"), "{error}");
	for wrong in ["{ per_call = 1 }", "5", "\"cheap\""] {
		let error = priced(wrong).expect_err("it is refused").to_string();
		assert!(error.contains("line 6"), "{error}");
	}
}
