//! The web pages that may call this node.
//!
//! A browser lets a page read answers of another site only if that site names the page's origin. Here
//! nothing goes by who the browser is: no cookies, no passwords, each call is paid by a signature that
//! the page makes. So an origin that is let in learns no more than anybody who calls from elsewhere.

use std::future::Future;

use axum::{
	extract::Request,
	http::{header::ORIGIN, HeaderValue},
	response::Response,
};
use openledger_protocol::x402;
use openledger_server_kit::cors;
use serde::{de::Error, Deserialize, Deserializer};

/// The headers that a page may read beside the usual ones.
const EXPOSED: [&str; 3] = [x402::PAYMENT_REQUIRED, x402::PAYMENT_RESPONSE, "retry-after"];

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
	/// The origin that an answer to a page of this one names as its reader. None if that page may
	/// not read it.
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
pub(super) async fn answer_pages<F>(
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
	cors::answer_pages(allowed, &EXPOSED, request, answer).await
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
