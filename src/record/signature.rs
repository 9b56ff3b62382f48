//! Actions by name and digest.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use super::Awaited;
use crate::hash::{Hasher, Sha2};
use crate::store::Op;
use crate::wire::{Message, codec};
use crate::{node, tracker};

/// Bytes at each end of a chunk that a signature covers.
const END: usize = 64;

/// An action that can be compared with a recorded one.
pub trait Signed {
    /// Its name and eight bytes of a SHA-256 over what it says. To be called for each action, in order.
    ///
    /// Messages count with all their bytes, and so does what is written to a journal. Hashes count as far as traces
    /// show them. A chunk that is to be written counts with its place, its length and its ends: its bytes were hashed
    /// when they came, and aren't again.
    fn sign(&self, awaited: &mut Awaited) -> String;
}

impl Signed for tracker::Action {
    fn sign(&self, _: &mut Awaited) -> String {
        match self {
            Self::Send { link, request, message } => sign_message(link, *request, message),
            Self::Close { .. } | Self::Note(_) => Pen::new(format_args!("{self:?}")).sign(),
        }
    }
}

impl Signed for node::Action {
    fn sign(&self, awaited: &mut Awaited) -> String {
        match self {
            Self::Send { link, request, message } => return sign_message(link, *request, message),
            Self::Disk { file, job, op } => {
                if let Op::Check { step, .. } = op {
                    awaited.check(*file, *job, *step);
                }
                let mut pen = Pen::new(format_args!("Disk {file:?} {job} "));
                pen.op(op);
                return pen.sign();
            }
            Self::Receive { link, request, step } => awaited.receive(*link, *request, *step),
            Self::Dial { .. }
            | Self::Serve { .. }
            | Self::Stop { .. }
            | Self::Close { .. }
            | Self::Look { .. }
            | Self::Announced { .. }
            | Self::Done { .. }
            | Self::Failed { .. }
            | Self::Stopped
            | Self::Note(_) => {}
        }
        Pen::new(format_args!("{self:?}")).sign()
    }
}

fn sign_message(link: &impl fmt::Debug, request: u32, message: &Message) -> String {
    let (mut pen, mut frame) = (Pen::new(format_args!("Send {link:?} ")), Vec::new());
    codec::encode(request, message, &mut frame);
    pen.hasher.update(&frame);
    pen.sign()
}

/// Hashes what is written with it; the first word is the name.
struct Pen {
    name: String,
    named: bool,
    hasher: Hasher<Sha2>,
}

impl Pen {
    fn new(text: fmt::Arguments<'_>) -> Self {
        let mut pen = Self { name: String::new(), named: false, hasher: Hasher::new() };
        pen.text(text);
        pen
    }

    fn text(&mut self, text: fmt::Arguments<'_>) {
        // It can't fail: this pen doesn't, and texts only pass on what it says.
        let _ = self.write_fmt(text);
    }

    /// Bytes, of which a text would be many times as long.
    fn bytes(&mut self, bytes: &[u8]) {
        self.text(format_args!("{}: ", bytes.len()));
        self.hasher.update(bytes);
    }

    fn op(&mut self, op: &Op) {
        match op {
            Op::Create { bytes } => {
                self.text(format_args!("Create "));
                self.bytes(bytes);
            }
            Op::Append { bytes } => {
                self.text(format_args!("Append "));
                self.bytes(bytes);
            }
            Op::Write { offset, bytes } => {
                self.text(format_args!("Write {offset} {} ", bytes.len()));
                self.bytes(bytes.get(..END).unwrap_or(bytes));
                self.bytes(bytes.get(bytes.len().saturating_sub(END)..).unwrap_or(bytes));
            }
            Op::Open
            | Op::Resize { .. }
            | Op::Sync(_)
            | Op::SyncFolder
            | Op::Rename { .. }
            | Op::Remove(_)
            | Op::Check { .. }
            | Op::Look(_) => self.text(format_args!("{op:?}")),
        }
    }

    fn sign(self) -> String {
        let hash = self.hasher.finish();
        let digest = hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        format!("{} {digest:016x}", self.name)
    }
}

impl fmt::Write for Pen {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !self.named {
            let word = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            self.name.push_str(word);
            self.named = word.len() < text.len();
        }
        self.hasher.update(text.as_bytes());
        Ok(())
    }
}
