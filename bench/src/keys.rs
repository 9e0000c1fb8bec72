//! Masking keys from the system's randomness, a few hundred at a time, as websocket-client makes them.

pub struct Keys {
    pool: [u8; 1024],
    at: usize,
}

impl Default for Keys {
    fn default() -> Self {
        Keys { pool: [0; 1024], at: 1024 }
    }
}

impl Keys {
    pub fn next(&mut self) -> [u8; 4] {
        if self.at == self.pool.len() {
            getrandom::fill(&mut self.pool).expect("the system gives random octets");
            self.at = 0;
        }
        let key = *self.pool[self.at..].first_chunk().expect("four octets are left");
        self.at += 4;
        key
    }
}
