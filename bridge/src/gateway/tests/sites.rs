//! Sites that change while the bridge runs.

use super::*;

/// What becomes of a page that is open when its site changes.
#[tokio::test]
async fn an_open_page_stays_only_as_long_as_its_site_lets_it() {
    let moved =
        || vec![site("shop", "https://new.example"), site("other", "https://other.example")];
    let without = || vec![site("other", SHOP)];
    let closed = || {
        let mut sites = sites();
        sites[0].queues[0].open = false;
        sites
    };
    for (what, origin, sites, stays) in [
        ("its origin is gone", Some(SHOP), moved(), false),
        ("its site is gone, and another has its origin", Some(SHOP), without(), false),
        ("its site is gone", None, without(), false),
        ("its site is gone, for our own pages as well", Some(OWN), without(), false),
        ("our own pages need no origin of the site's", Some(OWN), moved(), true),
        ("programs have none", None, moved(), true),
        ("something else has changed", Some(SHOP), closed(), true),
    ] {
        let world = world().await;
        let (token, _) = world.chat().await;
        let mut page = Page::connect(world.address, origin).await;
        page.hello(&token, 1).await;
        world.set_sites(sites);
        if stays {
            page.say(&ClientFrame::Ping {}).await;
            assert_eq!(page.hear().await, ServerFrame::Pong {}, "{what}");
        } else {
            assert_eq!(page.dies().await, (ErrorCode::ForbiddenOrigin, 4403), "{what}");
        }
    }
}

#[tokio::test]
async fn a_waiting_poll_ends_with_its_site() {
    let world = world().await;
    let (token, chat) = world.chat().await;
    let poll =
        world.get("/customer/v1/feed?after=1&wait=25").bearer_auth(&token).header("origin", SHOP);
    let change = async {
        eventually("there", async || world.live.connected(chat)).await;
        world.set_sites(vec![site("shop", "https://new.example")]);
    };
    let began = Instant::now();
    let ((status, error), ()) = tokio::join!(read::<ErrorBody>(poll), change);
    assert_eq!((status, error.code), (StatusCode::FORBIDDEN, ErrorCode::ForbiddenOrigin));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn every_request_sees_the_newest_sites() {
    let world = World::with(Settings { widget: built_widget(), ..Settings::default() }).await;
    let new = "https://new.example";
    let get = async |origin: &str| {
        status(world.get("/customer/v1/sites/shop").header("origin", origin)).await
    };
    let ancestors = async || {
        let response = world.get("/widget/shop").send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        policy.rsplit_once("frame-ancestors ").unwrap().1.to_owned()
    };
    assert_eq!((get(SHOP).await, get(new).await), (StatusCode::OK, StatusCode::FORBIDDEN));
    assert_eq!(ancestors().await, SHOP);

    let mut changed = site("shop", new);
    changed.title = "Ask us".to_owned();
    changed.queues = vec![queue("sales", true)];
    world.set_sites(vec![changed]);
    assert_eq!((get(SHOP).await, get(new).await), (StatusCode::FORBIDDEN, StatusCode::OK));
    assert_eq!(ancestors().await, new);
    let (_, info) = read::<SiteInfo>(world.get("/customer/v1/sites/shop")).await;
    assert_eq!((info.title.as_str(), &*info.queues[0].id), ("Ask us", "sales"));
    for (queue, expected) in [("sales", StatusCode::CREATED), (OPEN, StatusCode::BAD_REQUEST)] {
        let start_key = format!("{:032x}", rand::random::<u128>());
        let body = serde_json::json!({ "start_key": start_key, "queue": queue });
        let start = world.post("/customer/v1/sites/shop/chats", &body);
        assert_eq!(status(start).await, expected, "{queue}");
    }
    assert_eq!(status(world.get("/customer/v1/sites/other")).await, StatusCode::NOT_FOUND);
    assert_eq!(status(world.get("/widget/other")).await, StatusCode::NOT_FOUND);

    world.set_sites(Vec::new());
    assert_eq!(get(new).await, StatusCode::FORBIDDEN);
    assert_eq!(status(world.get("/widget/shop")).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_chats_of_a_deleted_site_go_on_and_no_new_ones_start() {
    let settings = Settings { widget: built_widget(), ..Settings::default() };
    let world = World::with(settings).await;
    let start_key = format!("{:032x}", rand::random::<u128>());
    let (_, started) = world.start(&start_key).await;
    let mut page = Page::connect(world.address, Some(SHOP)).await;
    page.hello(&started.token, 1).await;
    let left: Sites = [site("other", "https://other.example")].into_iter().collect();
    world.sites.send_replace(Arc::new(left.with_closing([site("shop", SHOP)])));

    page.say(&ClientFrame::Ping {}).await;
    assert_eq!(page.hear().await, ServerFrame::Pong {});
    // Also after the customer has gone to the next page.
    assert_eq!(status(world.get("/widget/shop")).await, StatusCode::OK);
    let mut next = Page::connect(world.address, Some(SHOP)).await;
    next.hello(&started.token, 1).await;
    assert_eq!(world.start(&start_key).await, (StatusCode::OK, started));

    let body = serde_json::json!({ "start_key": format!("{:032x}", rand::random::<u128>()) });
    let new = world.post("/customer/v1/sites/shop/chats", &body).header("origin", SHOP);
    let (status, error) = read::<ErrorBody>(new).await;
    assert_eq!((status, error.code), (StatusCode::NOT_FOUND, ErrorCode::NotFound));
}
