//! Addresses that belong to the inside: this machine, or a private network.
//!
//! Anybody can register any address on chain, and have any name lead anywhere. What is asked of a
//! node must not be sent to a service inside one's own network because of that.

use std::{
	io,
	net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Returns `true` if an address is of this machine or of a private network, or leads to one.
pub fn is_inside(address: IpAddr) -> bool {
	match address {
		IpAddr::V4(address) => is_inside_v4(address),
		IpAddr::V6(address) => is_inside_v6(address),
	}
}

fn is_inside_v4(address: Ipv4Addr) -> bool {
	let [first, second, third, _] = address.octets();
	address.is_loopback()
		|| address.is_private()
		|| address.is_link_local()
		|| address.is_multicast()
		|| first == 0
		// Reserved, and broadcasts.
		|| first >= 240
		// Addresses that carriers share among their customers.
		|| (first == 100 && (64..128).contains(&second))
		// Between networks that are being measured, and for protocols.
		|| (first == 198 && (18..20).contains(&second))
		|| (first, second, third) == (192, 0, 0)
}

fn is_inside_v6(address: Ipv6Addr) -> bool {
	let [first, second, third, ..] = address.segments();
	address.is_loopback()
		|| address.is_unspecified()
		|| address.is_multicast()
		|| first & 0xfe00 == 0xfc00
		|| first & 0xff80 == 0xfe80
		// A network's own translation to IPv4.
		|| (first, second, third) == (0x64, 0xff9b, 1)
		|| within(address).is_some_and(is_inside_v4)
}

/// The IPv4 address that an IPv6 address stands for, or leads to through a translator or a tunnel.
fn within(address: Ipv6Addr) -> Option<Ipv4Addr> {
	let [first, second, third, fourth, fifth, sixth, seventh, eighth] = address.segments();
	let of = |high: u16, low: u16| {
		let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
		Some(Ipv4Addr::new(a, b, c, d))
	};
	match [first, second, third, fourth, fifth, sixth] {
		// Mapped, translated, and compatible, as it was once.
		[0, 0, 0, 0, 0, 0xffff]
		| [0, 0, 0, 0, 0xffff, 0]
		| [0x64, 0xff9b, 0, 0, 0, 0]
		| [0, 0, 0, 0, 0, 0] => of(seventh, eighth),
		// 6to4.
		[0x2002, high, low, ..] => of(high, low),
		// Teredo hides it.
		[0x2001, 0, ..] => of(!seventh, !eighth),
		_ => None,
	}
}

/// Looks names up, and takes no address that is inside.
#[derive(Clone, Copy, Debug, Default)]
pub struct OutsideOnly;

impl Resolve for OutsideOnly {
	fn resolve(&self, name: Name) -> Resolving {
		Box::pin(async move {
			// The port is filled in by whoever asks.
			let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
			let outside: Vec<_> = found.filter(is_outside).collect();
			if outside.is_empty() {
				let why =
					format!("{} is the name of an address inside this network", name.as_str());
				return Err(io::Error::new(io::ErrorKind::PermissionDenied, why).into());
			}
			let outside: Addrs = Box::new(outside.into_iter());
			Ok(outside)
		})
	}
}

fn is_outside(address: &SocketAddr) -> bool {
	!is_inside(address.ip())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn addresses_inside_are_known_in_every_guise() {
		for inside in [
			"127.0.0.1",
			"10.1.2.3",
			"172.16.0.1",
			"192.168.1.1",
			"169.254.169.254",
			"100.64.0.1",
			"0.0.0.0",
			"0.1.2.3",
			"198.18.0.1",
			"192.0.0.8",
			"224.0.0.1",
			"255.255.255.255",
			"::1",
			"::",
			"fd00::1",
			"fe80::1",
			"fec0::1",
			"ff02::1",
			"::ffff:127.0.0.1",
			"::ffff:0:10.0.0.1",
			"::127.0.0.1",
			"64:ff9b::169.254.169.254",
			"64:ff9b:1::1",
			"2002:7f00:1::",
			"2002:c0a8:101::1",
			// Teredo, with 10.0.0.1 behind it.
			"2001::1:0:0:f5ff:fffe",
		] {
			assert!(is_inside(inside.parse().unwrap()), "{inside}");
		}
		for outside in [
			"203.0.113.9",
			"8.8.8.8",
			"100.128.0.1",
			"2001:db8::1",
			"2606:4700::1111",
			"::ffff:8.8.8.8",
			"64:ff9b::8.8.8.8",
			"2002:808:808::1",
		] {
			assert!(!is_inside(outside.parse().unwrap()), "{outside}");
		}
	}

	#[tokio::test]
	async fn a_name_that_leads_inside_is_not_called() {
		let http = reqwest::Client::builder().no_proxy();
		let http = http.dns_resolver(std::sync::Arc::new(OutsideOnly)).build().unwrap();
		let error = http.get("http://localhost:1/").send().await.unwrap_err();
		assert!(error.is_connect());
		assert!(format!("{error:?}").contains("inside this network"), "{error:?}");
	}
}
