//! Compression as browsers take it, for the files of the page when it is built and for documents when they are asked for.

use zlib_rs::{DeflateConfig, ReturnCode, compress_bound, compress_slice};

/// Of zlib: 15 for the widest window, and 16 more for the format of gzip (RFC 1952).
const WINDOW_BITS: i32 = 15 + 16;

/// The content in less space, at one of zlib's levels from 1 to 9; nothing if that cannot be had.
pub(crate) fn gzip(content: &[u8], level: i32) -> Option<Vec<u8>> {
    let config = DeflateConfig { level, window_bits: WINDOW_BITS, ..DeflateConfig::default() };
    // The head and the foot of gzip are 12 octets longer than what the bound is for.
    let mut compressed = vec![0; compress_bound(content.len()) + 12];
    let (compressed, code) = compress_slice(&mut compressed, content, config);
    (code == ReturnCode::Ok).then(|| compressed.to_vec())
}
