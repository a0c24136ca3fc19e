//! Which addresses of the network messages may be posted to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the internet.
    Public,
    /// In a network of somebody's own: loopback, private, unique local and shared addresses.
    Private,
    /// Nowhere that a webhook is: link-local and metadata addresses, multicast, documentation, unspecified ones, and
    /// whatever hides an address of IPv4 in one of IPv6.
    Nowhere,
}

/// The place of an address, by IANA's registries of special-purpose addresses (RFC 6890 and what amended it).
pub(crate) fn place_of(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    }
}

/// Where clouds answer with a machine's credentials, outside of the link-local addresses: Alibaba Cloud's, and AWS's of
/// IPv6.
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn of_v4(address: Ipv4Addr) -> Place {
    if address == METADATA_V4 {
        return Place::Nowhere;
    }
    match address.octets() {
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Place::Private,
        // "This network", link-local, protocol assignments, documentation, the old 6to4 relays, benchmarks, multicast,
        // reserved and broadcast.
        [0, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [224..=255, ..] => Place::Nowhere,
        _ => Place::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Place {
    if address == METADATA_V6 {
        return Place::Nowhere;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] => Place::Private,
        // Protocol assignments with Teredo, documentation, 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => {
            Place::Nowhere
        }
        // Global unicast is this block. Outside of it are addresses mapped to or compatible with IPv4, those of NAT64
        // (64:ff9b::/96, 64:ff9b:1::/48), link- and site-local ones, and multicast.
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Nowhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str) -> Place {
        place_of(address.parse().unwrap())
    }

    #[test]
    fn of_each_block() {
        for public in [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.255.255",
            "169.253.255.255",
            "169.255.0.1",
            "223.255.255.255",
            "198.17.0.1",
            "198.20.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "2400:cb00::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2a00::1",
        ] {
            assert_eq!(place(public), Place::Public, "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.255.255.255",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
            "fc00::1",
            "fdff::1",
        ] {
            assert_eq!(place(private), Place::Private, "{private}");
        }
        for nowhere in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "192.0.2.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "192.88.99.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
        ] {
            assert_eq!(place(nowhere), Place::Nowhere, "{nowhere}");
        }
    }

    #[test]
    fn of_what_hides_an_address_of_ipv4() {
        for hidden in [
            // Mapped, compatible, translated, NAT64 with its local prefix, 6to4, Teredo (the client's address inverted).
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "2001::80ff:fffe",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        ] {
            assert_eq!(place(hidden), Place::Nowhere, "{hidden}");
        }
    }
}
