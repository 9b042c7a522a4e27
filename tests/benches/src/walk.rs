//! Which token each request carries.

use actix_web::http::header::HeaderValue as ActixHeaderValue;
use http::HeaderValue;

use crate::Fallible;

/// How many picks are made beforehand; a power of two.
const PICKS: usize = 1 << 16;

/// How many requests are read at once: with their tokens they fit beside what else a core has near.
const NEAR: u32 = 50;

/// The value of `Authorization`, in the types of both frameworks and in bytes.
pub(crate) struct Bearer {
    /// For axum.
    pub(crate) http: HeaderValue,
    /// For actix-web.
    pub(crate) actix: ActixHeaderValue,
    /// A whole request, as it goes over a socket.
    pub(crate) wire: Vec<u8>,
}

impl Bearer {
    /// Of that token.
    pub(crate) fn new(token: &str) -> Fallible<Self> {
        let text = format!("Bearer {token}");
        let wire =
            format!("GET / HTTP/1.1\r\nHost: app.example\r\nAccept: */*\r\nAuthorization: {text}\r\n\r\n");
        Ok(Self { http: text.parse()?, actix: text.parse()?, wire: wire.into_bytes() })
    }

    /// Of that API token, which is to be exchanged.
    pub(crate) fn of_exchange(token: &str) -> Fallible<Self> {
        let wire = format!(
            "POST /auth/exchange HTTP/1.1\r\nHost: app.example\r\nAccept: */*\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: 0\r\n\r\n"
        );
        Ok(Self { wire: wire.into_bytes(), ..Self::new(token)? })
    }
}

/// A sequence of tokens without end.
#[derive(Clone)]
pub(crate) struct Walk<'a> {
    bearers: &'a [Bearer],
    picks: &'a [usize],
    at: usize,
}

impl<'a> Walk<'a> {
    /// Through those, from that place on.
    pub(crate) fn new(bearers: &'a [Bearer], picks: &'a [usize], at: usize) -> Self {
        Self { bearers, picks, at }
    }

    /// The next few, as a server finds them that has just read them: copied anew, and so in the nearest memory.
    pub(crate) fn read<T>(&mut self, calls: u32, copy: impl Fn(&Bearer) -> T) -> Vec<T> {
        (0..calls.min(NEAR)).map(|_| copy(self.step())).collect()
    }

    /// The next one.
    pub(crate) fn step(&mut self) -> &'a Bearer {
        self.at = (self.at + 1) % self.picks.len();
        &self.bearers[self.picks[self.at]]
    }
}

/// Picks among so many by Zipf's law with exponent 1: the second is asked for half as often as the first, and so on. The
/// same ones in every run.
pub(crate) fn zipf(many: usize) -> Vec<usize> {
    let mut sums = Vec::with_capacity(many);
    let mut sum = 0.0;
    for rank in 1..=many {
        sum += 1.0 / rank as f64;
        sums.push(sum);
    }
    let mut state = 1_u64;
    let draw = || {
        let at = sum * unit(&mut state);
        sums.partition_point(|&upper| upper < at).min(many - 1)
    };
    std::iter::repeat_with(draw).take(PICKS).collect()
}

/// SplitMix64, as a number from 0 to 1.
fn unit(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_second_is_picked_half_as_often() {
        let picks = super::zipf(10_000);
        let times = |rank: usize| picks.iter().filter(|&&pick| pick == rank).count() as f64;
        assert!((1.8..2.2).contains(&(times(0) / times(1))));
        assert!(picks.iter().any(|&pick| pick > 9_000));
    }
}
