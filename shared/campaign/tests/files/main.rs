//! Campaign files as people write them: the published schema, the guide's examples, and what mistakes are told.

mod guide;
mod mistakes;
mod schema;
