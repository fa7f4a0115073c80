//! The headers of every kind of answer.

use http::HeaderMap;

use super::*;

async fn headers(world: &World, path: &str) -> (StatusCode, HeaderMap) {
    let response = world.get(path).send().await.unwrap();
    (response.status(), response.headers().clone())
}

async fn built() -> World {
    World::with(Settings { widget: built_widget(), ..Settings::default() }).await
}

#[tokio::test]
async fn nothing_can_be_framed_sniffed_or_stored_by_default() {
    let world = built().await;
    for path in [
        "/",
        "/customer/v1/sites/shop",
        "/customer/v1/sites/none",
        "/customer/v1/feed",
        "/widget/none",
    ] {
        let (_, headers) = headers(&world, path).await;
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        let policy = &headers["content-security-policy"];
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert!(!headers.contains_key("set-cookie"), "{path}");
    }
}

#[tokio::test]
async fn the_page_can_be_framed_by_its_sites_pages_only() {
    let world = built().await;
    let (status, headers) = headers(&world, "/widget/shop").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        headers["content-security-policy"],
        "default-src 'none'; script-src 'self'; style-src 'self'; \
         connect-src 'self' wss://chat.example; img-src 'self' data: blob:; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; \
         frame-ancestors https://shop.example"
    );
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["referrer-policy"], "strict-origin");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn the_loader_is_for_everybody_and_assets_stay() {
    let world = built().await;
    let (status, loader) = headers(&world, "/widget/loader.js").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(loader["cross-origin-resource-policy"], "cross-origin");
    assert_eq!(loader["cache-control"], "public, max-age=300");
    assert_eq!(loader["content-type"], "text/javascript; charset=utf-8");
    let known = world.get("/widget/loader.js").header("if-none-match", loader["etag"].clone());
    assert_eq!(super::status(known).await, StatusCode::NOT_MODIFIED);
    let (status, asset) = headers(&world, "/widget/assets/index-abc123.js").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(asset["cache-control"], "public, max-age=31536000, immutable");
    for missing in ["/widget/assets/none.js", "/widget/assets/..%2Findex.html", "/widget/none"] {
        let (status, headers) = headers(&world, missing).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{missing}");
        assert_eq!(headers["cache-control"], "no-store", "{missing}");
    }
}

#[tokio::test]
async fn a_widget_that_is_not_built_says_how() {
    let world = world().await;
    for path in ["/widget/loader.js", "/widget/shop", "/widget/assets/index-abc123.js"] {
        let response = world.get(path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.text().await.unwrap().contains("npm run build"), "{path}");
    }
}
