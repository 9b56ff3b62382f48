//! Buffers for chunks, used again and again: the kernel writes into one, the disk reads from it, then it comes back.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::lock;

/// Most bytes that lie idle.
const IDLE: usize = 24 << 20;

/// A stock of buffers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(Arc<Mutex<Stock>>);

#[derive(Debug, Default)]
struct Stock {
    idle: Vec<Vec<u8>>,
    bytes: usize,
}

/// A buffer on loan; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
    pool: Pool,
}

impl Pool {
    /// A buffer of `len` bytes with whatever was in it before.
    pub(crate) fn take(&self, len: usize) -> Buffer {
        let mut stock = lock(&self.0);
        // The one that came back last: it may still be in a processor's cache.
        let fitting = stock.idle.iter().rposition(|bytes| bytes.len() >= len && bytes.len() / 4 <= len);
        let bytes = match fitting {
            Some(at) => {
                let bytes = stock.idle.remove(at);
                stock.bytes -= bytes.len();
                bytes
            }
            None => vec![0; len],
        };
        drop(stock);
        Buffer { bytes, len, pool: self.clone() }
    }
}

impl Buffer {
    /// Its bytes, to fill.
    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.len).unwrap_or_default()
    }

    /// As bytes that can be shared; the last one to drop them gives the buffer back.
    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut stock = lock(&self.pool.0);
        if stock.bytes + bytes.len() <= IDLE {
            stock.bytes += bytes.len();
            stock.idle.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_last_slice_is_dropped() {
        let pool = Pool::default();
        let mut buffer = pool.take(100);
        buffer.as_mut().fill(7);
        let bytes = buffer.freeze();
        let slice = bytes.slice(10..20);
        drop(bytes);
        assert_eq!(lock(&pool.0).idle.len(), 0);
        drop(slice);
        assert_eq!(lock(&pool.0).bytes, 100);
        assert_eq!(pool.take(90).as_ref(), [7; 90]);
    }

    #[test]
    fn a_small_chunk_does_not_take_a_large_buffer_and_little_lies_idle() {
        let pool = Pool::default();
        drop(pool.take(1 << 20));
        assert_eq!(pool.take(64).bytes.len(), 64);
        let many: Vec<_> = (0..40).map(|_| pool.take(1 << 20)).collect();
        drop(many);
        assert!(lock(&pool.0).bytes <= IDLE);
    }
}
