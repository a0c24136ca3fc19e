//! Devices a person owns or uses, and since when.

use event::wire::{Damaged, Reader, put_bytes, put_varint};

/// How many devices are kept: the first in alphabetical order of model.
pub(crate) const MAX_DEVICES: usize = 16;

/// One model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedDevice<'a> {
    pub model: &'a str,
    /// First and last seen, UTC ms.
    pub first: i64,
    pub last: i64,
}

impl OwnedDevice<'_> {
    pub(crate) fn see(&mut self, first: i64, last: i64) {
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}

pub(crate) fn encode(devices: &[OwnedDevice<'_>], out: &mut Vec<u8>, base: i64) {
    for device in devices {
        put_bytes(out, device.model.as_bytes());
        put_varint(out, (base - device.last) as u64);
        put_varint(out, (device.last - device.first) as u64);
    }
}

pub(crate) fn decode<'a>(
    devices: &mut Vec<OwnedDevice<'a>>,
    mut reader: Reader<'a>,
    base: i64,
) -> Result<(), Damaged> {
    while !reader.is_empty() {
        let model = reader.text()?;
        let last = base.wrapping_sub(reader.varint()? as i64);
        devices.push(OwnedDevice { model, first: last.wrapping_sub(reader.varint()? as i64), last });
    }
    Ok(())
}
