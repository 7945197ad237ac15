//! Addresses of nodes that are called at all.
//!
//! Anybody can register any address on chain. What an app asks must not be sent to a service inside
//! its own network because of that, unless the chain is there as well. What a name leads to is looked
//! at when it is called.

use std::net::IpAddr;

use openledger_protocol::address;
use reqwest::Url;

/// Returns `true` if a node's address may be called. `inside` allows addresses of this machine and of private
/// networks.
pub fn is_allowed(endpoint: &str, inside: bool) -> bool {
	let Ok(url) = Url::parse(endpoint) else { return false };
	let plain = matches!(url.scheme(), "http" | "https")
		&& url.username().is_empty()
		&& url.password().is_none()
		&& url.query().is_none()
		&& url.fragment().is_none();
	plain && url.host_str().is_some_and(|host| inside || !is_inside(host))
}

/// Returns `true` if the chain node at this address is on this machine or in a private network.
pub fn chain_is_inside(url: &str) -> bool {
	Url::parse(url).ok().is_some_and(|url| url.host_str().is_some_and(is_inside))
}

/// Returns `true` if a host's name or address belongs to this machine or to a private network.
fn is_inside(host: &str) -> bool {
	let bare = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
	match bare.parse::<IpAddr>() {
		Ok(address) => address::is_inside(address),
		Err(_) => {
			let name = bare.to_ascii_lowercase();
			// A name without a dot is one of the local network.
			!name.contains('.')
				|| [".localhost", ".local", ".internal", ".lan", ".home.arpa"]
					.iter()
					.any(|ending| name.ends_with(ending))
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn addresses_on_the_internet_are_called() {
		for endpoint in [
			"https://node.example.com",
			"http://node.example.com:8402/base/",
			"http://203.0.113.9:8402",
			"https://[2001:db8::1]:8402",
		] {
			assert!(is_allowed(endpoint, false), "{endpoint}");
		}
	}

	#[test]
	fn addresses_inside_are_called_only_where_the_chain_is_inside() {
		for endpoint in [
			"http://127.0.0.1:8402",
			"http://localhost:8402",
			"http://a.localhost",
			"http://10.1.2.3",
			"http://169.254.169.254/latest",
			"http://100.64.0.1",
			"http://0.0.0.0:1",
			"http://[::1]:8402",
			"http://[::ffff:127.0.0.1]",
			"http://[fd00::1]",
			"http://[64:ff9b::7f00:1]",
			"http://[2002:7f00:1::]",
			"http://[::127.0.0.1]",
			"http://[fe80::1]",
			"http://nas",
			"http://metadata.google.internal",
			"http://localhost.",
			"http://2130706433",
		] {
			assert!(!is_allowed(endpoint, false), "{endpoint}");
			assert!(is_allowed(endpoint, true), "{endpoint}");
		}
		assert!(chain_is_inside("ws://127.0.0.1:9944"));
		assert!(chain_is_inside("ws://node:9944"));
		assert!(!chain_is_inside("wss://rpc.example.com"));
	}

	#[test]
	fn rubbish_is_never_called() {
		for endpoint in [
			"",
			"node.example.com",
			"ftp://node.example.com",
			"file:///etc/passwd",
			"http://user:secret@node.example.com",
			"http://user@node.example.com",
			"http://node.example.com/?x=",
			"http://node.example.com/#x",
		] {
			assert!(!is_allowed(endpoint, true), "{endpoint}");
		}
	}
}
