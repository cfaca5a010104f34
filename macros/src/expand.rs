//! The function around the function.

use crate::function::Function;
use crate::mistake::Mistake;
use crate::settings::Settings;
use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

/// Which of the two attributes it is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Main,
    Test,
}

impl Kind {
    /// As users write it.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Main => "#[manyhands::main]",
            Self::Test => "#[manyhands::test]",
        }
    }

    /// What to do if the function is not async.
    pub(crate) fn wants_async(self) -> &'static str {
        match self {
            Self::Main => {
                "`#[manyhands::main]` is for an `async fn`: write `async` in front of `fn`, or \
                 remove the attribute"
            }
            Self::Test => {
                "`#[manyhands::test]` is for an `async fn`: write `async` in front of `fn`. For a \
                 test that is not async write `#[test]`; if that is what stands here, it means \
                 `manyhands::test` because of `use manyhands::*`: import what you need by name"
            }
        }
    }

    /// The type in `manyhands::__attributes` that runs the function.
    fn runner(self) -> &'static str {
        match self {
            Self::Main => "Main",
            Self::Test => "Test",
        }
    }
}

pub(crate) fn expand(kind: Kind, settings: TokenStream, item: TokenStream) -> TokenStream {
    let function = match Function::read(kind, item.clone()) {
        Ok(function) => function,
        Err(mistake) => return with_item(mistake, kind, item),
    };
    let mut mistakes = TokenStream::new();
    if let Kind::Test = kind {
        mistakes.extend(second_test(&function.attributes).map(Mistake::into_tokens));
    }
    // With an error in the settings the function is still there, so that the compiler, and an
    // editor, can say what else they find.
    let settings = Settings::read(kind, settings).unwrap_or_else(|mistake| {
        mistakes.extend(mistake.into_tokens());
        Settings::default()
    });
    mistakes.extend(outer(kind, &settings, function));
    mistakes
}

/// The error, and the item as it is, so that nobody complains about its absence. (An async `main`
/// would be a second error.)
fn with_item(mistake: Mistake, kind: Kind, item: TokenStream) -> TokenStream {
    let mut tokens = mistake.into_tokens();
    let is_async =
        |token: &TokenTree| matches!(token, TokenTree::Ident(it) if it.to_string() == "async");
    match kind {
        Kind::Main => tokens.extend(item.into_iter().filter(|token| !is_async(token))),
        Kind::Test => tokens.extend(item),
    }
    tokens
}

/// An attribute `#[test]` besides ours would run the test twice.
fn second_test(attributes: &[TokenTree]) -> Option<Mistake> {
    attributes.iter().find_map(|attribute| {
        let TokenTree::Group(group) = attribute else {
            return None;
        };
        let path: Vec<String> = group
            .stream()
            .into_iter()
            .take_while(|token| !matches!(token, TokenTree::Group(_)))
            .map(|token| token.to_string())
            .collect();
        let is_test = match &path[..] {
            [test] => test == "test",
            [.., krate, _, _, test] => {
                test == "test" && (krate == "manyhands" || krate == "tokio" || krate == "v1")
            }
            _ => false,
        };
        let text = "this is a second attribute that makes a test of this function: remove it, or \
                    `#[manyhands::test]`";
        is_test.then(|| Mistake::at(group.span(), text))
    })
}

fn outer(kind: Kind, settings: &Settings, function: Function) -> TokenStream {
    let mut tokens = TokenStream::new();
    if let Kind::Test = kind {
        tokens.extend(generated("#[::core::prelude::v1::test]"));
    }
    tokens.extend(function.attributes);
    tokens.extend(function.visibility);
    tokens.extend([
        function.fn_word.clone(),
        function.name.clone().into(),
        function.arguments.clone().into(),
    ]);
    // A simulation has a thread of its own, from which only the exit code comes back. (It is
    // dropped where the test has no output, since then it may be one that should panic.)
    let has_code = settings.is_simulated() && !function.output.is_empty();
    match has_code {
        true => tokens.extend(generated("-> ::std::process::ExitCode")),
        false => tokens.extend(function.output.clone()),
    }
    let call = call(kind, settings, &function.name);
    let mut inner = TokenStream::from_iter([
        function.async_word,
        function.fn_word,
        function.name.into(),
        function.arguments.into(),
    ]);
    inner.extend(function.output);
    let end = function.body.span();
    inner.extend([function.body]);
    inner.extend(call);
    if settings.is_simulated() && !has_code {
        inner.extend(generated(";"));
    }
    let mut block = Group::new(Delimiter::Brace, inner);
    block.set_span(end);
    tokens.extend([TokenTree::from(block)]);
    tokens
}

/// `::manyhands::__attributes::Main::new().num_threads(2).run(main)`.
fn call(kind: Kind, settings: &Settings, name: &Ident) -> TokenStream {
    let mut call = settings
        .krate
        .clone()
        .unwrap_or_else(|| generated("::manyhands"));
    call.extend(generated(&format!(
        "::__attributes::{}::new()",
        kind.runner()
    )));
    let mut method = |name: &str, arguments: TokenStream| {
        call.extend(generated(&format!(".{name}")));
        call.extend([TokenTree::from(Group::new(
            Delimiter::Parenthesis,
            arguments,
        ))]);
    };
    if let Some(number) = &settings.num_threads {
        method("num_threads", number.clone().into());
    }
    match &settings.seed {
        Some(seed) => method("seed", seed.clone().into()),
        None if settings.start_paused => method("start_paused", TokenStream::new()),
        None => {}
    }
    method("run", TokenTree::from(name.clone()).into());
    call
}

/// Tokens that do not come from the user.
fn generated(text: &str) -> TokenStream {
    let tokens: TokenStream = text.parse().expect("well-formed");
    let respan = |mut token: TokenTree| {
        token.set_span(Span::call_site());
        token
    };
    tokens.into_iter().map(respan).collect()
}
