//! A message as an e-mail.

use crate::Outgoing;
use event::SECOND;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::url::URL;
use std::borrow::Cow;
use std::io;

impl Outgoing<'_> {
    /// The whole e-mail (RFC 5322), the same for the same message and time.
    ///
    /// # Errors
    /// A header that can't be written.
    pub fn to_eml(&self) -> io::Result<Vec<u8>> {
        let sender = self.sender;
        let mut builder = MessageBuilder::new()
            .to(self.to)
            .subject(self.subject)
            .date(Date::new(self.at.div_euclid(SECOND)))
            .message_id(self.message_id())
            .text_body(self.text);
        builder = match sender.name.as_str() {
            "" => builder.from(sender.address.as_str()),
            name => builder.from((name, sender.address.as_str())),
        };
        if !self.html.is_empty() {
            builder = builder.html_body(self.html);
        }
        if let Some(url) = self.unsubscribe_url {
            // One click, without a page in between (RFC 8058); large mailboxes ask it of marketing. The link stands
            // first: it is the one that is preferred.
            let mailto = self.unsubscribe_mailto.map(|address| match self.token {
                Some(token) => format!("mailto:{address}?subject=unsubscribe%20{token}"),
                None => format!("mailto:{address}?subject=unsubscribe"),
            });
            let ways = [Some(url.to_owned()), mailto].into_iter().flatten().map(Cow::Owned);
            builder = builder
                .header("List-Unsubscribe", HeaderType::URL(URL { url: ways.collect() }))
                .header("List-Unsubscribe-Post", HeaderType::Raw(Raw::new("List-Unsubscribe=One-Click")));
        }
        builder.write_to_vec()
    }

    /// The same for the same action, so that mailboxes too can tell a repeat.
    pub fn message_id(&self) -> String {
        let domain = self.sender.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        format!("{}@{domain}", self.action.id)
    }
}
