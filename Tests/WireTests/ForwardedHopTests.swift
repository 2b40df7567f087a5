import Testing
import Wire

/// The `Forwarded` field (RFC 7239), as proxies and others write it.
@Suite struct ForwardedHopTests {
    /// Each hop as `ADDRESS SCHEME`, with `-` for unknown.
    private func read(_ field: String) -> [String] {
        ForwardedHop.read(field).map { "\($0.client?.description ?? "-") \($0.scheme ?? "-")" }
    }

    @Test(arguments: [
        // Examples of RFC 7239 §4 and §6.
        ("for=\"_gazonk\"", ["- -"]), ("For=\"[2001:db8:cafe::17]:4711\"", ["2001:db8:cafe::17 -"]),
        ("for=192.0.2.60;proto=http;by=203.0.113.43", ["192.0.2.60 http"]),
        ("for=192.0.2.43, for=198.51.100.17", ["192.0.2.43 -", "198.51.100.17 -"]),
        (
            "for=192.0.2.43,for=\"[2001:db8:cafe::17]\",for=unknown",
            ["192.0.2.43 -", "2001:db8:cafe::17 -", "- -"]
        ),
        ("for=_hidden, for=_SEVKISEK", ["- -", "- -"]), ("for=\"192.0.2.43:47011\"", ["192.0.2.43 -"]),
        // In any case and order, with unknown parameters.
        ("PROTO=HTTPS;Host=\"a,b;c\";FOR=192.0.2.1;x=y", ["192.0.2.1 https"]),
        // Ports given by name.
        ("for=\"192.0.2.1:_p\"", ["192.0.2.1 -"]), ("for=\"[2001:db8::1]:_p.1-2\"", ["2001:db8::1 -"]),
        ("for=\"\\192.0.2.1\"", ["192.0.2.1 -"]), ("proto=https", ["- https"]),
        // Without the required quotes.
        ("for=192.0.2.1:80;proto=http", ["192.0.2.1 http"]), ("for=[2001:db8::1]:80", ["2001:db8::1 -"]),
        // Empty elements and pairs, and spaces.
        ("", []), (" , ,", []), (",for=192.0.2.1,,", ["192.0.2.1 -"]),
        (";for=192.0.2.1;;proto=http;", ["192.0.2.1 http"]),
        ("for = 192.0.2.1 ; proto = https\t,\tfor=192.0.2.2", ["192.0.2.1 https", "192.0.2.2 -"]),
    ])
    func `hops are read as proxies write them`(field: String, hops: [String]) { #expect(read(field) == hops) }

    @Test(arguments: [
        // The end of such an address cannot be determined.
        "for=\"2001:db8::1\"", "for=\"2001:db8::1:8080\"", "for=2001:db8::1", "for=\"[192.0.2.1]\"",
        "for=\"[2001:db8::1\"", "for=\"[2001:db8::1]80\"", "for=\"[2001:db8::1]:\"", "for=192.0.2",
        "for=\"192.0.2.1:\"", "for=\"192.0.2.1:123456\"", "for=\"192.0.2.1:+443\"", "for=\"192.0.2.1:_\"",
        "for=\"192.0.2.1:_a!\"", "for=\"\"", "for=\" 192.0.2.1\"",
    ])
    func `an unreadable client counts as unknown`(field: String) { #expect(read(field) == ["- -"]) }

    @Test(arguments: [
        // The proxy cannot close what a client left open.
        ("for=\"192.0.2.1, for=192.0.2.2", ["- -"]),
        ("for=192.0.2.1, for=\", for=192.0.2.2", ["192.0.2.1 -", "- -"]),
        ("for=192.0.2.1;for=192.0.2.2", ["- -"]), ("for=192.0.2.1 for=192.0.2.2", ["- -"]),
        ("for", ["- -"]), ("for=", ["- -"]), ("=192.0.2.1", ["- -"]), ("for=192.0.2.1;proto=a b", ["- -"]),
        ("for=\"192.0.2.1\\", ["- -"]), ("192.0.2.1", ["- -"]),
    ])
    func `a malformed field names no client`(field: String, hops: [String]) {
        #expect(read(field) == hops)
    }
}
