import Testing
import Wire

@testable import Fleet

/// What does not fit where it has to go.
@Suite struct SettingLengthsTests {
    private func text(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test func `a socket's path, and a loader's name, end where their fields do`() throws {
        #expect(try SettingLengths.socketPath("run/x") == nil)
        #expect(try SettingLengths.socketPath("/\(text(106))") != nil)
        #expect(throws: SettingLengths.TooLong.self) { try SettingLengths.socketPath("/\(text(107))") }
        #expect(try SettingLengths.loader("") == nil && SettingLengths.loader(text(127)) != nil)
        #expect(throws: SettingLengths.TooLong.self) { try SettingLengths.loader(text(128)) }
    }

    @Test func `a domain leaves room for a node's name`() throws {
        for good in ["", "school.example", "a", "_x.y-z", "\(text(63)).b"] {
            #expect(try SettingLengths.domain(good) == good)
        }
        for wrong in [".", "a..b", "-a", "a-", "ä.example", "a b"] {
            #expect(try SettingLengths.domain(wrong) == nil, "\(wrong)")
        }
        #expect(throws: SettingLengths.TooLong.self) { try SettingLengths.domain("\(text(64)).b") }
        let longest = [text(62), text(62), text(62)].joined(separator: ".")
        #expect(try SettingLengths.domain(longest) != nil)
        #expect(throws: SettingLengths.TooLong.self) { try SettingLengths.domain("\(longest).b") }
        #expect(throws: InvalidSetting.self) { try SettingLengths.requireDomain("a..b") }
    }
}

/// Which link of many an address belongs to.
@Suite struct LinkIndexTests {
    private func link(_ networks: String...) throws -> DHCPLink {
        DHCPLink(
            interface: nil,
            subnets: try networks.map { text in
                let network = try #require(IPv4Network(text))
                return DHCPSubnet(network: network, server: network.base, pools: [])
            })
    }

    @Test func `each address is found on the link of its subnet, and none between them`() throws {
        let index = LinkIndex([
            try link("10.2.0.0/16", "192.168.7.0/24"), try link("10.1.0.0/24"), try link("10.1.1.0/30"),
        ])
        for (text, wanted) in [
            ("10.2.0.0", 0), ("10.2.255.255", 0), ("192.168.7.9", 0), ("10.1.0.255", 1), ("10.1.1.3", 2),
            ("10.1.1.4", nil), ("10.3.0.0", nil), ("0.0.0.0", nil), ("255.255.255.255", nil),
        ] as [(String, Int?)] {
            let address = try #require(IPv4Address(text))
            #expect(index.link(of: address) == wanted, "\(text)")
        }
        #expect(LinkIndex([]).link(of: .any) == nil)
    }
}
