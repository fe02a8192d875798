use super::*;
use crate::prefix::Prefix;

fn of(name: &str, base_url: &str) -> &'static Dialect {
    Dialect::of(&ProviderConfig::new(name, base_url))
}

fn is_glm(dialect: &Dialect) -> bool {
    dialect.cause("1113") == Some(Cause::AccountDead) && dialect.key == KeyNeed::Required
}

fn is_kimi(dialect: &Dialect) -> bool {
    dialect.cause("engine_overloaded_error") == Some(Cause::Rate) && dialect.prefix == Prefix::Partial
}

#[test]
fn an_endpoint_is_known_by_its_host_whatever_its_name() {
    for url in [
        "https://api.z.ai/api/paas/v4",
        "https://open.bigmodel.cn/api/coding/paas/v4",
        "https://API.Z.AI:443/api/paas/v4",
        "https://user@z.ai",
    ] {
        assert!(is_glm(of("glm2", url)), "{url}");
    }
    for url in [
        "https://api.moonshot.ai/v1",
        "https://api.moonshot.cn/v1",
        "https://api.kimi.com/coding/v1",
        "https://api.kimi.ai/coding/v1",
    ] {
        assert!(is_kimi(of("moon", url)), "{url}");
    }
    assert!(is_kimi(of("glm", "https://api.moonshot.ai/v1")), "the host is who answers");
    assert_eq!(of("ds", "https://api.deepseek.com").prefix, Prefix::Beta);
    assert_eq!(of("le", "https://api.mistral.ai/v1").prefix, Prefix::Prefix);
    assert_eq!(of("o", "https://api.openai.com/v1").output_field, OutputField::MaxCompletionTokens);
}

#[test]
fn the_built_in_ones_are_known_by_name_at_any_other_host() {
    assert!(is_glm(of("glm", "http://127.0.0.1:4000/v1")));
    assert!(is_kimi(of("kimi", "http://127.0.0.1:4000/v1")));
    for name in ["deepseek", "mistral", "openai", "glm2"] {
        let dialect = of(name, "http://127.0.0.1:4000/v1");
        assert_eq!((dialect.prefix, dialect.key), (Prefix::None, KeyNeed::Optional), "{name}");
        assert_eq!(dialect.output_field, OutputField::MaxTokens, "{name}");
    }
}

#[test]
fn a_host_that_only_looks_like_one_is_none() {
    for url in [
        "https://xz.ai/v1",
        "https://z.ai.example.com/v1",
        "https://example.com/z.ai",
        "https://example.com?z.ai",
        "https://z.ai@example.com/v1",
        "http://localhost:11434/v1",
        "nonsense",
        "",
    ] {
        let dialect = of("any", url);
        assert!(!is_glm(dialect) && !is_kimi(dialect), "{url}");
    }
}
