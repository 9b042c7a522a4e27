//! What a key must be like to be taken, wherever it comes from.

/// The smallest modulus (RFC 7518 §3.3) and the largest that a check of a signature shall cost.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=LONGEST_RSA_BITS;

/// A longer modulus is refused.
pub(super) const LONGEST_RSA_BITS: usize = 8192;

/// Products of the primes of one hardware generator (CVE-2017-15361, "ROCA") are powers of 65537 modulo each of these.
const ROCA_PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether modulus and exponent, in big-endian bytes without leading zeros (RFC 7518 §6.3.1), make an RSA key that can
/// be relied on.
pub(super) fn rsa_is_strong(n: &[u8], e: &[u8]) -> bool {
    let canonical = |number: &[u8]| number.first().is_some_and(|byte| *byte != 0);
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    // From 65537 on, and small enough for every library: below 2^33.
    let exponent = e.len() == 3 || e.len() == 4 || (e.len() == 5 && e[0] == 1);
    let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    canonical(n) && canonical(e) && odd(n) && odd(e) && exponent && RSA_BITS.contains(&bits) && !is_roca(n)
}

fn is_roca(n: &[u8]) -> bool {
    ROCA_PRIMES.iter().all(|prime| {
        let residue = n.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        (0..*prime).any(|_| {
            power = power * 65537 % prime;
            power == residue
        })
    })
}

/// A `kid` that can stand in a token header, a log line and a URL as it is: 1 to 100 printable ASCII characters without
/// blank, quote and backslash.
pub(super) fn kid_is_plain(kid: &str) -> bool {
    kid.len() <= 100 && crate::text::is_scope(kid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_keys_are_long_enough_and_have_a_sane_exponent() {
        let n = |bytes: usize| vec![0xff; bytes];
        for (n, e, strong) in [
            (n(256), &[1, 0, 1][..], true),
            (n(1024), &[1, 0, 1], true),
            (n(256), &[1, 0, 0, 1], true),
            (n(256), &[1, 255, 255, 255, 255], true),
            (n(255), &[1, 0, 1], false),
            (n(128), &[1, 0, 1], false),
            (n(1025), &[1, 0, 1], false),
            (n(0), &[1, 0, 1], false),
            ([&[0x7f][..], &n(255)].concat(), &[1, 0, 1], false),
            ([&[0][..], &n(256)].concat(), &[1, 0, 1], false),
            ([&n(255)[..], &[0xfe]].concat(), &[1, 0, 1], false),
            (n(256), &[], false),
            (n(256), &[1], false),
            (n(256), &[3], false),
            (n(256), &[255, 255], false),
            (n(256), &[1, 0, 0], false),
            (n(256), &[0, 1, 0, 1], false),
            (n(256), &[2, 0, 0, 0, 1], false),
            (n(256), &[1, 0, 0, 0, 0, 1], false),
        ] {
            assert_eq!(rsa_is_strong(&n, e), strong, "{} bytes, {e:?}", n.len());
        }
    }
}
