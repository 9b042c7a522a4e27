//! Numbers that look like chance and are the same each time: SplitMix64.

pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    /// Each of them, or not.
    pub(crate) fn some(&mut self, of: &[&str]) -> jeton::Names {
        of.iter().filter(|_| self.below(2) == 1).map(|name| (*name).to_owned()).collect()
    }
}
