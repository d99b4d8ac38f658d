//! The pages of the guide: complete, and with links that lead somewhere.

mod blocks;
mod links;
mod page;
mod summary;
