import Fleet
import Foundation
import Testing
import Wire

@testable import Commands

/// What `roost network set` sends.
@Suite struct NetworkPatchTests {
    private func patch(_ before: Network, _ change: (inout Network) throws -> Void) throws -> String {
        var after = before
        try change(&after)
        return String(decoding: try after.patch(since: before), as: UTF8.self)
    }

    /// Two people who set different fields, or different options, at once do not take each other's away.
    @Test func `a change names only what it changes`() throws {
        var network = Network(name: try NetworkName("school"), interface: "eth1")
        network.options = try NetworkOptions(["66": "server", "67": "boot"])
        network.mtu = 1_400
        #expect(try patch(network) { _ in } == "{}")
        #expect(try patch(network) { $0.mtu = 1_500 } == #"{"mtu":1500}"#)
        #expect(try patch(network) { $0.mtu = nil } == #"{"mtu":null}"#)
        #expect(try patch(network) { $0.servesBOOTP = true } == #"{"bootp":true}"#)
        let lines = try patch(network) {
            $0.options = try NetworkOptions(["64": "nis", "66": "other", "67": "boot"])
        }
        #expect(lines == #"{"options":{"64":"nis","66":"other"}}"#)
        #expect(
            try patch(network) { $0.options = NetworkOptions() } == #"{"options":{"66":null,"67":null}}"#)
    }

    @Test func `pools are replaced as a whole, and none is not the same as the upper half`() throws {
        var network = Network(name: try NetworkName("school"), interface: "eth1")
        network.pools = [try #require(AddressRange("10.77.0.100-10.77.0.200"))]
        #expect(try patch(network) { $0.pools = [] } == #"{"pools":[]}"#)
        #expect(try patch(network) { $0.pools = nil } == #"{"pools":null}"#)
    }
}
