//! The guard of the proxy: it lets in who may use it.
//!
//! It spends money for whoever can reach it, and pages in a browser on this machine can. So requests
//! of web pages are refused, unless they come from an origin that was allowed; and while only this
//! machine is listened to, requests have to name it as their host, so that a page cannot reach it
//! under a name of its own.

use axum::http::{
	header::{AUTHORIZATION, HOST, ORIGIN},
	HeaderMap, HeaderValue, StatusCode,
};
use openledger_protocol::{
	api_error::{ErrorBody, INVALID_REQUEST},
	ApiError,
};

/// The conditions under which somebody may use the proxy.
#[derive(Clone, Default)]
pub struct Guard {
	/// `true` if only this machine is listened to.
	pub local: bool,
	/// Origins whose pages may use it.
	pub origins: Vec<String>,
	/// The key that has to be sent as `Authorization: Bearer`, if any.
	pub access_key: Option<String>,
}

impl std::fmt::Debug for Guard {
	fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		formatter
			.debug_struct("Guard")
			.field("local", &self.local)
			.field("origins", &self.origins)
			.field("access_key", &self.access_key.as_ref().map(|_| ".."))
			.finish()
	}
}

impl Guard {
	/// Lets a request in, or not. Returns the origin whose pages may read the answer, if it comes from one.
	pub fn admit(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, ApiError> {
		let origin = self.origin(headers)?;
		let Some(expected) = &self.access_key else { return Ok(origin) };
		let given = text(headers, AUTHORIZATION.as_str()).unwrap_or_default();
		let given =
			given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
		match given {
			Some((_, key)) if same(key.trim().as_bytes(), expected.as_bytes()) => Ok(origin),
			_ => {
				let message = "this proxy wants its access key as the API key";
				Err(invalid(StatusCode::UNAUTHORIZED, "invalid_api_key", message.into()))
			}
		}
	}

	/// Checks where a request comes from. Returns its origin, if a page has sent it.
	pub fn origin(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, ApiError> {
		let refused = |code, message| Err(invalid(StatusCode::FORBIDDEN, code, message));
		if self.local {
			let host = text(headers, HOST.as_str()).unwrap_or_default();
			if !is_local_host(host) {
				let message = format!("this proxy does not answer under the name `{host}`");
				return refused("host_not_allowed", message);
			}
		}
		match text(headers, ORIGIN.as_str()) {
			Some(origin) if self.origins.iter().any(|allowed| allowed == origin) => {
				Ok(headers.get(ORIGIN).cloned())
			}
			Some(origin) => {
				let message = format!(
					"pages from `{origin}` may not spend money here; --allow-origin lets them"
				);
				refused("origin_not_allowed", message)
			}
			// Not every request of a page says where it comes from.
			None if text(headers, "sec-fetch-site") == Some("cross-site") => {
				refused("origin_not_allowed", "web pages may not spend money here".into())
			}
			None => Ok(None),
		}
	}
}

/// An error about a request whose code no node has.
pub(super) fn invalid(status: StatusCode, code: &str, message: String) -> ApiError {
	let body = ErrorBody::new(INVALID_REQUEST, code, None, message);
	ApiError { status, body, retry_after: None }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
	headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// Returns `true` if a `Host` header names this machine, whatever the port.
fn is_local_host(host: &str) -> bool {
	let name = match host.strip_prefix('[') {
		Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
		None => host.split_once(':').map_or(host, |(name, _)| name),
	};
	let is_loopback =
		|name: &str| name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
	name.eq_ignore_ascii_case("localhost") || is_loopback(name)
}

/// Compares without telling by the time it takes how much was right.
fn same(one: &[u8], other: &[u8]) -> bool {
	let differences = one.iter().zip(other).fold(0, |sum, (one, other)| sum | (one ^ other));
	one.len() == other.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
	use super::*;

	fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
		pairs
			.iter()
			.map(|(name, value)| {
				(axum::http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
			})
			.collect()
	}

	fn code(guard: &Guard, pairs: &[(&'static str, &str)]) -> Option<String> {
		guard.admit(&headers(pairs)).err().map(|error| error.code().to_owned())
	}

	#[test]
	fn programs_on_this_machine_are_let_in() {
		let guard = Guard { local: true, ..Guard::default() };
		for host in ["127.0.0.1:8403", "localhost:8403", "LOCALHOST", "[::1]:8403", "127.0.0.2"] {
			assert_eq!(code(&guard, &[("host", host)]), None, "{host}");
		}
	}

	#[test]
	fn pages_are_not() {
		let guard = Guard { local: true, ..Guard::default() };
		for host in ["evil.example:8403", "", "localhost.evil.example", "[::2]:1", "0x7f.1"] {
			assert_eq!(
				code(&guard, &[("host", host)]).as_deref(),
				Some("host_not_allowed"),
				"{host}"
			);
		}
		let host = ("host", "127.0.0.1:8403");
		for other in [
			("origin", "https://evil.example"),
			("origin", "null"),
			("sec-fetch-site", "cross-site"),
		] {
			let code = code(&guard, &[host, other]);
			assert_eq!(code.as_deref(), Some("origin_not_allowed"), "{other:?}");
		}
		let allowed = Guard { origins: vec!["https://app.example".into()], ..guard };
		let admitted = allowed.admit(&headers(&[host, ("origin", "https://app.example")])).unwrap();
		assert_eq!(admitted.unwrap(), "https://app.example");
		assert!(code(&allowed, &[host, ("origin", "https://app.example.evil")]).is_some());
	}

	#[test]
	fn an_access_key_is_wanted_where_there_is_one() {
		let guard = Guard { access_key: Some("secret".into()), ..Guard::default() };
		let with = |value: &'static str| code(&guard, &[("authorization", value)]);
		assert_eq!(with("Bearer secret"), None);
		assert_eq!(with("bearer  secret "), None);
		for wrong in ["Bearer secre", "Bearer secret1", "Bearer", "secret", "Basic secret", ""] {
			assert_eq!(with(wrong).as_deref(), Some("invalid_api_key"), "{wrong}");
		}
		assert_eq!(code(&guard, &[]).as_deref(), Some("invalid_api_key"));
		assert!(!format!("{guard:?}").contains("secret"));
	}
}
