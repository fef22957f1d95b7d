//! Tests of the pages of `orderferry sandbox`, fetched over HTTP while the program serves them: the
//! orders of a run are listed, and each has a page.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
};

use crate::support::{process, workspace::Workspace};

/// A running `orderferry sandbox`, which ends with the test.
struct SandboxProcess {
    process: Child,
    base_url: String,
}

impl SandboxProcess {
    fn start(workspace: &Workspace) -> Self {
        let mut command = process(&workspace.path(""));
        command.args(["sandbox", "--port", "0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base_url = line.split_whitespace().nth(1).unwrap().to_owned();
        Self { process, base_url }
    }

    /// Status and body of a page.
    fn get(&self, path: &str) -> (u16, String) {
        let host = self.base_url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The URLs of the orders on the start page, in its order.
    fn order_urls(&self) -> Vec<String> {
        let (status, page) = self.get("/");
        assert_eq!(status, 200);
        let links = page.split("<a href=\"/orders").skip(1);
        links.map(|link| format!("/orders{}", link.split('"').next().unwrap())).collect()
    }
}

impl Drop for SandboxProcess {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

const HEADER: &str = "referenceId,orderedAt,status,currencyCode,price,paymentType,ext.giftWrap:boolean,item.type,item.name,\
    item.price,item.quantity,item.productId,item.ext.colour,guest.email,guest.lastname\n";

/// One order in a single event, one in several, and one whose texts are markup.
const ROWS: &str = "\
A/1 %2F,2026-11-03T10:00:00Z,PURCHASED,EUR,24.50,other,true,TENT,Étoilé,12.25,2,T-1,petrol,ann@example.com,Ann
H-1,2026-11-03T11:00:00Z,PURCHASED,EUR,80.00,other,,HOTEL,Room,40.00,2,H-7,blue,bo@example.com,Bo
\"<script>\"\"'&\",2026-11-03T12:00:00Z,PURCHASED,EUR,5.00,other,,TENT,\"</pre><script>alert(1)</script>\",5.00,1,T-2,\"\"\"><b>\",cy@example.com,Cy
";

#[test]
fn each_order_of_a_run_has_a_page() {
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{ROWS}"));
    let sandbox = SandboxProcess::start(&workspace);
    let ran = workspace.run(&format!(
        "send orders.csv --base-url {} --client-key k --pos shop --mode auto --rate unlimited --identity-pause 0s --backfill",
        sandbox.base_url
    ));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut urls = sandbox.order_urls();
    urls.sort();
    assert_eq!(urls, ["/orders/%3Cscript%3E%22%27%26", "/orders/A%2F1%20%252F", "/orders/H-1"]);
    let pages = urls.iter().map(|url| {
        let (status, page) = sandbox.get(url);
        assert_eq!(status, 200, "{url}");
        assert!(page.contains(">Processed</h2>"), "{url}: {page}");
        assert!(!page.contains("<script") && !page.contains("<b>\""), "{url}: {page}");
        page
    });
    let pages: Vec<_> = pages.collect();
    let shows = |page: &str, parts: &[&str]| {
        for part in parts {
            assert!(page.contains(part), "{part}: {page}");
        }
    };
    shows(
        &pages[0],
        &["&#60;script&#62;&#34;&#39;&#38;</span></h1>", "&#60;/pre&#62;&#60;script&#62;alert(1)"],
    );
    shows(
        &pages[1],
        &[
            "<h1>Order <span class=\"mono text\">A/1 %2F</span></h1>",
            "<span class=\"text\">ann@example.com</span>",
            "<dd class=\"sum\">EUR\u{a0}24.50</dd>",
            "<th scope=\"row\">giftWrap</th><td>true</td>",
            "<dt>colour</dt> <dd>petrol</dd>",
            "<summary>ORDER_CHECKOUT</summary>",
            "<span class=\"k\">&#34;price&#34;</span>: <span class=\"d\">24.50</span>",
        ],
    );
    shows(
        &pages[2],
        &["<dd>4 events</dd>", "<summary>ADD</summary>", "<summary>CHECKOUT</summary>", "<td>Room"],
    );
    let (status, page) = sandbox.get("/orders?reference=A%2F1+%252F");
    assert_eq!((status, page), (200, pages[1].clone()));
    assert_eq!(sandbox.get("/orders/A").0, 404);
}
