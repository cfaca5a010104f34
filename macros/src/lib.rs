//! The attributes `#[manyhands::main]` and `#[manyhands::test]`, which the crate `manyhands`
//! re-exports and documents.
//!
//! Both keep the function as it is written, and put it into one that is not async:
//!
//! ```text
//! #[manyhands::main(num_threads = 2)]     fn main() -> Result<(), Error> {
//! async fn main() -> Result<(), Error> {      async fn main() -> Result<(), Error> {
//!     work().await?;                  =>          work().await?;
//!     Ok(())                                      Ok(())
//! }                                           }
//!                                             ::manyhands::__attributes::Main::new()
//!                                                 .num_threads(2).run(main)
//!                                         }
//! ```
//!
//! So `?`, `return` and inference work as in any async function, and every token of the user keeps
//! its place: an error in the body is an error in the body.
//!
//! | file | story |
//! |---|---|
//! | `function.rs` | an async function in its parts |
//! | `settings.rs` | what stands in the attribute's parentheses |
//! | `expand.rs` | the function around the function |
//! | `mistake.rs` | errors that point at a token |

mod expand;
mod function;
mod mistake;
mod settings;

use proc_macro::TokenStream;

/// Runs an async `main`. Documented as `manyhands::main`.
#[proc_macro_attribute]
pub fn main(settings: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(expand::Kind::Main, settings, item)
}

/// Makes a test of an async function. Documented as `manyhands::test`.
#[proc_macro_attribute]
pub fn test(settings: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(expand::Kind::Test, settings, item)
}
