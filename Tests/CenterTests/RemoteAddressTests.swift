import Testing

@testable import Center

/// Addresses of other servers in `roost.yaml`.
@Suite struct RemoteAddressTests {
    @Test(arguments: [
        ("https://host", "https", "host", ""), ("HTTPS://Host:8443/", "https", "host", "/"),
        ("ldap://10.0.0.1:389", "ldap", "10.0.0.1", ""), ("http://[::1]:80/a/b", "http", "::1", "/a/b"),
    ])
    func `are read`(text: String, scheme: String, host: String, path: String) throws {
        let address = try #require(RemoteAddress(text))
        #expect(address.scheme == scheme && address.host == host && address.path == path)
        #expect(address.isBare == (path.count < 2))
    }

    @Test(arguments: [
        "", "host", "https://", "https://host?a=1", "https://host#a", "https://ann@host",
        "https://ann:pw@host",
        "https://host:0", "https://host:65536", "https://host name", "https://host\\@other", "https://hôte",
    ])
    func `are nothing else`(text: String) {
        #expect(RemoteAddress(text) == nil)
    }

    @Test(arguments: [
        ("http://localhost", true), ("http://LOCALHOST:8080", true), ("http://127.0.0.1", true),
        ("http://127.9.9.9", true), ("http://[::1]", true), ("http://localhost.example", false),
        ("http://127.example", false), ("http://10.0.0.1", false),
    ])
    func `are this host only where they are`(text: String, isThisHost: Bool) throws {
        #expect(try #require(RemoteAddress(text)).isThisHost == isThisHost)
    }
}
