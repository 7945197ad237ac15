//! Calls from web pages.

use super::{serving::payment_response, *};
use reqwest::{header::HeaderMap, Method};

const PAGE: &str = "https://app.example";

async fn let_in(node: &Node, origins: Origins) {
	let live = node.app.live();
	node.app.settings.set(Live {
		models: live.models.clone(),
		own_prices: live.own_prices.clone(),
		public_url: live.public_url.clone(),
		limits: live.limits.clone(),
		origins,
	});
}

fn these() -> Origins {
	Origins::These(vec![PAGE.to_owned()])
}

/// The question of a browser before it lets a page send a payment.
async fn preflight(node: &Node, origin: &str) -> Response {
	let url = format!("{}/v1/chat/completions", node.url);
	let asked = node.http.request(Method::OPTIONS, url).header("origin", origin);
	let asked = asked.header("access-control-request-method", "POST");
	let asked = asked
		.header("access-control-request-headers", "content-type,payment-signature,x-stainless-os");
	asked.send().await.expect("it answers")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
	headers.get(name).map_or("", |value| value.to_str().expect("plain text"))
}

/// Tells whether there is something that browsers look at.
fn says_something(headers: &HeaderMap) -> bool {
	headers.keys().any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn pages_are_not_let_in_unless_somebody_says_so() {
	let node = Node::start(Script::Say(vec![])).await;
	let asked = preflight(&node, PAGE).await;
	assert_eq!(asked.status(), StatusCode::METHOD_NOT_ALLOWED);
	assert!(!says_something(asked.headers()));
	let_in(&node, these()).await;
	let asked = preflight(&node, "https://evil.example").await;
	assert_eq!(asked.status(), StatusCode::METHOD_NOT_ALLOWED);
	assert!(!says_something(asked.headers()));
	assert_eq!(text(asked.headers(), "vary"), "origin");
	// Who is no browser does not notice.
	let usual = node.get("/v1/models").await;
	assert_eq!(usual.status(), StatusCode::OK);
	assert!(!says_something(usual.headers()));
}

#[tokio::test]
async fn a_page_pays_for_a_call() {
	let node = Node::start(Script::Say(vec!["four"])).await;
	let_in(&node, these()).await;
	let asked = preflight(&node, PAGE).await;
	assert_eq!(asked.status(), StatusCode::NO_CONTENT);
	let headers = asked.headers();
	assert_eq!(text(headers, "access-control-allow-origin"), PAGE);
	assert!(text(headers, "access-control-allow-methods").contains("POST"));
	let names = text(headers, "access-control-allow-headers");
	assert!(names.contains("payment-signature") && names.contains("x-stainless-os"), "{names}");

	let body = plain(5);
	let post = |payment: Option<&PaymentSignature>| {
		let url = format!("{}/v1/chat/completions", node.url);
		let post = node.http.post(url).header("origin", PAGE).body(body.clone());
		match payment {
			Some(payment) => post.header(x402::PAYMENT_SIGNATURE, header(payment)),
			None => post,
		}
	};
	let unpaid = post(None).send().await.expect("it answers");
	assert_eq!(unpaid.status(), StatusCode::PAYMENT_REQUIRED);
	assert_eq!(text(unpaid.headers(), "access-control-allow-origin"), PAGE);
	let readable = text(unpaid.headers(), "access-control-expose-headers").to_lowercase();
	assert!(readable.contains("payment-required") && readable.contains("payment-response"));

	let required = required_of(&unpaid).expect("it says what to pay");
	let voucher = testkit::voucher(&body, required.accepts[0].amount);
	let payment = payment(&required, voucher, &caller());
	let answer = post(Some(&payment)).send().await.expect("it answers");
	assert_eq!(answer.status(), StatusCode::OK);
	assert_eq!(text(answer.headers(), "access-control-allow-origin"), PAGE);
	assert_eq!(payment_response(&answer).amount, cost(1));

	let_in(&node, Origins::Any).await;
	let anybody = preflight(&node, "https://other.example").await;
	assert_eq!(text(anybody.headers(), "access-control-allow-origin"), "*");
}
