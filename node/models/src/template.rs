//! Chat templates: how a conversation becomes one text in the form that the model was trained on.

use std::collections::BTreeMap;

use minijinja::{context, syntax::SyntaxConfig, Environment, ErrorKind, Value};
use serde_json::Value as Json;

use super::{BackendError, Message};

/// The form that models without a template of their own are mostly trained on.
const CHATML: &str = "{% for message in messages %}\
    {{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}\
    {% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

const NAME: &str = "chat";

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
	environment: Environment<'static>,
	bos_token: String,
	eos_token: String,
}

impl ChatTemplate {
	/// Compiles a Jinja template as models carry it in their metadata; ChatML where there is none.
	/// The two tokens are texts that templates may refer to.
	///
	/// # Errors
	/// The template's syntax error.
	pub fn new(
		source: Option<&str>,
		bos_token: impl Into<String>,
		eos_token: impl Into<String>,
	) -> Result<Self, minijinja::Error> {
		let mut environment = Environment::new();
		// The settings that such templates are written for.
		environment
			.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
		environment
			.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
		environment.add_function("raise_exception", |message: String| {
			Err::<String, _>(minijinja::Error::new(ErrorKind::InvalidOperation, message))
		});
		// `strftime_now` stays undefined on purpose: templates fall back to a fixed date, and the
		// same chat costs the same number of tokens every day.
		environment.add_template_owned(NAME, source.unwrap_or(CHATML).to_owned())?;
		Ok(Self { environment, bos_token: bos_token.into(), eos_token: eos_token.into() })
	}

	/// The text that the model continues with its answer to these messages, when it may call these
	/// tools.
	///
	/// # Errors
	/// [`BackendError::InvalidPrompt`] when the template refuses the messages.
	pub fn render(&self, messages: &[Message], tools: &Json) -> Result<String, BackendError> {
		let messages: Vec<Value> = messages.iter().map(message_value).collect();
		// Without tools this is none rather than undefined, as where templates come from.
		let tools = value(tools);
		let render = || {
			self.environment.get_template(NAME)?.render(context! {
				messages,
				tools,
				add_generation_prompt => true,
				bos_token => self.bos_token.as_str(),
				eos_token => self.eos_token.as_str(),
			})
		};
		render().map_err(|error| BackendError::InvalidPrompt {
			message: error.detail().unwrap_or("it cannot be rendered").to_owned(),
		})
	}
}

/// JSON as templates see it.
fn value(json: &Json) -> Value {
	match json {
		Json::Null => Value::from(()),
		Json::Bool(flag) => Value::from(*flag),
		Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
			(Some(number), _, _) => Value::from(number),
			(None, Some(number), _) => Value::from(number),
			(None, None, number) => Value::from(number.unwrap_or_default()),
		},
		Json::String(text) => Value::from(text.as_str()),
		Json::Array(values) => Value::from(values.iter().map(value).collect::<Vec<_>>()),
		Json::Object(fields) => {
			Value::from_pairs(fields.iter().map(|(name, field)| (name.as_str(), value(field))))
		}
	}
}

/// A message as templates see it: a map with the keys of the OpenAI protocol.
fn message_value(message: &Message) -> Value {
	let content = Value::from(message.content.as_str());
	let mut value = BTreeMap::from([("role", message.role.as_str().into()), ("content", content)]);
	if let Some(name) = &message.name {
		value.insert("name", name.into());
	}
	if !message.tool_calls.is_empty() {
		let calls: Vec<Value> = message.tool_calls.iter().map(self::value).collect();
		value.insert("tool_calls", Value::from(calls));
	}
	if let Some(id) = &message.tool_call_id {
		value.insert("tool_call_id", id.into());
	}
	Value::from(value)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::Role;

	const NONE: Json = Json::Null;

	fn chat() -> Vec<Message> {
		vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, " Hi! ")]
	}

	#[test]
	fn chatml_is_the_fallback() {
		let template = ChatTemplate::new(None, "", "").expect("it compiles");
		assert_eq!(
			template.render(&chat(), &NONE).as_deref(),
			Ok("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Hi! <|im_end|>\n\
                <|im_start|>assistant\n")
		);
	}

	#[test]
	fn knows_what_model_templates_use() {
		let source = "{{ bos_token }}\n\
            {% for m in messages %}\n    \
            {% if m.role == 'system' %}{% continue %}{% endif %}\n\
            [{{ m['content'].strip() | upper }}{% if m.name is defined %} {{ m.name }}{% endif %}]\n\
            {% endfor %}\n\
            {% if strftime_now is defined %}today{% else %}a fixed day{% endif %}{{ eos_token }}";
		let template = ChatTemplate::new(Some(source), "<s>", "</s>").expect("it compiles");
		assert_eq!(template.render(&chat(), &NONE).as_deref(), Ok("<s>\n[HI!]\na fixed day</s>"));
	}

	#[test]
	fn a_refusal_tells_why() {
		let source = "{% if messages[0].role == 'system' %}\
            {{ raise_exception('System role not supported') }}{% endif %}";
		let template = ChatTemplate::new(Some(source), "", "").expect("it compiles");
		assert_eq!(
			template.render(&chat(), &NONE),
			Err(BackendError::InvalidPrompt { message: "System role not supported".into() })
		);
	}

	#[test]
	fn broken_templates_are_refused_at_load() {
		assert!(ChatTemplate::new(Some("{% for %}"), "", "").is_err());
	}

	#[test]
	fn messages_are_text_never_template() {
		let template = ChatTemplate::new(None, "", "").expect("it compiles");
		let text = template
			.render(&[Message::new(Role::User, "{{ bos_token }}{% raw %}<b>")], &NONE)
			.expect("it renders");
		assert!(text.contains("{{ bos_token }}{% raw %}<b>"), "{text}");
	}

	#[test]
	fn tools_are_shown_to_templates_that_know_them() {
		let source = "{% if tools %}{{ tools[0].function.name }}{% else %}none{% endif %}\
            {% for m in messages %} {{ m.role }}{% if m.tool_calls %}!{% endif %}{% endfor %}";
		let template = ChatTemplate::new(Some(source), "", "").expect("it compiles");
		let call = Message {
			tool_calls: vec![serde_json::json!({ "id": "a" })],
			..Message::new(Role::Assistant, "")
		};
		let said = [call, Message::new(Role::Tool, "4")];
		let tools = serde_json::json!([{ "function": { "name": "sum" } }]);
		assert_eq!(template.render(&said, &tools).as_deref(), Ok("sum assistant! tool"));
		assert_eq!(template.render(&said, &NONE).as_deref(), Ok("none assistant! tool"));
	}
}
