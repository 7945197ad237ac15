//! Calls from web pages.
//!
//! A browser lets a page read answers of another site only if that site names the page's origin. Here
//! nothing goes by who the browser is: no cookies, no passwords, each call is paid by a signature that
//! the page makes. So an origin that is let in learns no more than anybody who calls from elsewhere.

use std::future::Future;

use axum::{
	extract::Request,
	http::{
		header::{
			ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
			ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
			ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
		},
		HeaderMap, HeaderValue, Method, StatusCode,
	},
	response::{IntoResponse, Response},
};
use openledger_client::x402;
use serde::{de::Error, Deserialize, Deserializer};

/// What a page may do.
const METHODS: &str = "GET, POST";
/// What a page may send where its browser does not say what it wants to.
const HEADERS: &str = "content-type";
/// For how many seconds a browser need not ask again.
const MAX_AGE: &str = "600";

/// The web pages that may call this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
	/// None.
	#[default]
	None,
	/// All.
	Any,
	/// Those of these sites, as browsers name them: `https://app.example`, `http://localhost:3000`.
	These(Vec<String>),
}

impl Origins {
	/// What an answer to a page of this origin says of who may read it. None if that page may not.
	fn allow(&self, origin: &HeaderValue) -> Option<HeaderValue> {
		match self {
			Self::None => None,
			Self::Any => Some(HeaderValue::from_static("*")),
			Self::These(sites) => {
				let named = sites.iter().any(|site| site.as_bytes() == origin.as_bytes());
				named.then(|| origin.clone())
			}
		}
	}
}

impl<'de> Deserialize<'de> for Origins {
	fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let sites = Vec::<String>::deserialize(deserializer)?;
		if sites.iter().any(|site| site == "*") {
			return Ok(Self::Any);
		}
		for site in &sites {
			let origin = reqwest::Url::parse(site).map(|url| url.origin().ascii_serialization());
			if origin.as_ref() != Ok(site) {
				let message = format!(
					"{site:?} is no origin such as \"https://app.example\": a scheme and a host, and a \
					 port where it is not the usual one, in small letters and without a slash at the end"
				);
				return Err(D::Error::custom(message));
			}
		}
		Ok(if sites.is_empty() { Self::None } else { Self::These(sites) })
	}
}

/// Answers browsers that ask what a page may do, and lets pages that may read all other answers.
pub(super) async fn cors<F>(
	origins: &Origins,
	request: Request,
	answer: impl FnOnce(Request) -> F,
) -> Response
where
	F: Future<Output = Response>,
{
	if *origins == Origins::None {
		return answer(request).await;
	}
	let allowed = request.headers().get(ORIGIN).and_then(|origin| origins.allow(origin));
	let asks = request.method() == Method::OPTIONS
		&& request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
	let mut response = match &allowed {
		Some(_) if asks => preflight(request.headers()),
		_ => answer(request).await,
	};
	let headers = response.headers_mut();
	if let Some(allowed) = allowed {
		headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
		if !asks {
			headers.extend(exposed().map(|names| (ACCESS_CONTROL_EXPOSE_HEADERS, names)));
		}
	}
	// Or what was meant for one page could come out of a cache for another.
	headers.append(VARY, HeaderValue::from_static("origin"));
	response
}

/// What a page may do: whatever anybody may, with the headers that it wants to send.
fn preflight(asked: &HeaderMap) -> Response {
	let names = asked.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
	let names = names.unwrap_or_else(|| HeaderValue::from_static(HEADERS));
	let mut response = StatusCode::NO_CONTENT.into_response();
	let headers = response.headers_mut();
	headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
	headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
	headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
	headers.append(VARY, HeaderValue::from_static("access-control-request-headers"));
	response
}

/// The headers that a page may read beside the usual ones.
fn exposed() -> Option<HeaderValue> {
	let names = [x402::PAYMENT_REQUIRED, x402::PAYMENT_RESPONSE, "retry-after"];
	HeaderValue::from_str(&names.join(", ")).ok()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[derive(Debug, Deserialize)]
	struct Read {
		origins: Origins,
	}

	fn read(list: &str) -> Result<Origins, String> {
		let text = format!("origins = {list}");
		let read: Result<Read, _> = toml::from_str(&text);
		read.map(|read| read.origins).map_err(|error| error.message().to_owned())
	}

	#[test]
	fn origins_are_written_as_browsers_write_them() {
		assert_eq!(read("[]"), Ok(Origins::None));
		assert_eq!(read("[\"https://a.example\", \"*\"]"), Ok(Origins::Any));
		let these = ["https://a.example", "http://localhost:3000"].map(str::to_owned).to_vec();
		let list = "[\"https://a.example\", \"http://localhost:3000\"]";
		assert_eq!(read(list), Ok(Origins::These(these)));
		for wrong in ["https://a.example/", "a.example", "https://A.example", "https://a:443", ""] {
			let said = read(&format!("[{wrong:?}]")).expect_err("it never matches");
			assert!(said.contains(&format!("{wrong:?}")) && said.contains("app.example"), "{said}");
		}
	}

	#[test]
	fn only_who_is_named_is_let_in() {
		let page = HeaderValue::from_static("https://a.example");
		let other = HeaderValue::from_static("https://b.example");
		let these = Origins::These(vec!["https://a.example".into()]);
		assert_eq!(these.allow(&page), Some(page.clone()));
		assert_eq!(these.allow(&other), None);
		assert_eq!(Origins::None.allow(&page), None);
		assert_eq!(Origins::Any.allow(&other), Some(HeaderValue::from_static("*")));
	}
}
