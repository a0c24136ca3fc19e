//! Recency, frequency and monetary value.

use event::Currency;
use event::wire::{Damaged, Reader, put_signed, put_varint};

/// How many currencies are kept: the first in alphabetical order.
const MAX_CURRENCIES: usize = 8;

/// What a person bought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Orders {
    pub count: u64,
    pub refunds: u64,
    /// When the first and last order were completed, UTC ms; 0 where there is none.
    pub first: i64,
    pub last: i64,
    /// Sums by currency, sorted by it.
    pub money: Vec<Money>,
}

/// Sums in one currency, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    pub currency: Currency,
    pub revenue: i64,
    pub refunded: i64,
}

impl Orders {
    pub(crate) fn complete(&mut self, at: i64, amount: Option<(Currency, i64)>) {
        self.span(at, at);
        self.count += 1;
        if let Some((currency, minor)) = amount {
            self.add(Money { currency, revenue: minor, refunded: 0 });
        }
    }

    pub(crate) fn refund(&mut self, amount: Option<(Currency, i64)>) {
        self.refunds += 1;
        if let Some((currency, minor)) = amount {
            self.add(Money { currency, revenue: 0, refunded: minor.abs() });
        }
    }

    pub(crate) fn merge(&mut self, other: &Orders) {
        if other.count > 0 {
            self.span(other.first, other.last);
            self.count += other.count;
        }
        self.refunds += other.refunds;
        other.money.iter().for_each(|money| self.add(*money));
    }

    pub(crate) fn clear(&mut self) {
        self.money.clear();
        *self = Orders { money: std::mem::take(&mut self.money), ..Orders::default() };
    }

    fn span(&mut self, first: i64, last: i64) {
        let none = self.count == 0;
        self.first = if none { first } else { self.first.min(first) };
        self.last = if none { last } else { self.last.max(last) };
    }

    fn add(&mut self, money: Money) {
        let at = match self.money.binary_search_by_key(&money.currency, |m| m.currency) {
            Ok(at) => at,
            Err(at) if at >= MAX_CURRENCIES => return,
            Err(at) => {
                self.money.truncate(MAX_CURRENCIES - 1);
                self.money.insert(at, Money { revenue: 0, refunded: 0, ..money });
                at
            }
        };
        let sum = &mut self.money[at];
        sum.revenue = sum.revenue.wrapping_add(money.revenue);
        sum.refunded = sum.refunded.wrapping_add(money.refunded);
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>, base: i64) {
        if self.count == 0 && self.refunds == 0 {
            return;
        }
        put_varint(out, self.count);
        put_varint(out, self.refunds);
        if self.count > 0 {
            put_varint(out, (base - self.last) as u64);
            put_varint(out, (self.last - self.first) as u64);
        }
        for money in &self.money {
            out.extend_from_slice(money.currency.as_str().as_bytes());
            put_signed(out, money.revenue);
            put_signed(out, money.refunded);
        }
    }

    pub(crate) fn decode(&mut self, mut reader: Reader<'_>, base: i64) -> Result<(), Damaged> {
        self.count = reader.varint()?;
        self.refunds = reader.varint()?;
        if self.count > 0 {
            self.last = base.wrapping_sub(reader.varint()? as i64);
            self.first = self.last.wrapping_sub(reader.varint()? as i64);
        }
        while !reader.is_empty() {
            let code = std::str::from_utf8(reader.take(3)?).map_err(|_| Damaged)?;
            let currency = Currency::parse(code).ok_or(Damaged)?;
            self.money.push(Money { currency, revenue: reader.signed()?, refunded: reader.signed()? });
        }
        Ok(())
    }
}
