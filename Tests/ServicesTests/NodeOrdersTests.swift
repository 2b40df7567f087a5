import Testing
import Wire

@testable import Services

/// Orders for running nodes.
@Suite struct NodeOrdersTests {
    private let machine = MACAddress(rawValue: 0x5254_0000_0001)

    private func take(_ orders: inout NodeOrders, in boot: String = "one", reports: Bool = false)
        -> NodeOrders.Next
    {
        orders.take(for: machine, in: boot, at: 7) { reports }
    }

    @Test func `a restart is ordered once, and only in the boot that it was for`() {
        var orders = NodeOrders()
        orders.restart(machine, in: "one")
        #expect(take(&orders) == .order(.restart))
        #expect(take(&orders) == .nothing)
        orders.restart(machine, in: "one")
        #expect(take(&orders, in: "two") == .nothing)
        #expect(take(&orders) == .nothing)
        // A machine without a boot.
        orders.restart(machine, in: nil)
        #expect(take(&orders) == .nothing)
    }

    @Test func `log-ins are asked for until they are told, in each boot anew`() {
        var orders = NodeOrders()
        #expect(take(&orders, reports: true) == .order(.sessions))
        #expect(take(&orders, reports: true) == .order(.sessions))
        orders.noteSessions(of: machine, in: "one")
        #expect(take(&orders, reports: true) == .nothing)
        #expect(take(&orders, in: "two", reports: true) == .order(.sessions))
    }

    @Test func `what was told is forgotten once when the setting is off`() {
        var orders = NodeOrders()
        _ = take(&orders, reports: true)
        orders.noteSessions(of: machine, in: "one")
        // The setting is read again only when settings changed.
        #expect(take(&orders, reports: false) == .nothing)
        orders.settingsChanged()
        #expect(take(&orders, reports: false) == .forgetSessions)
        #expect(take(&orders, reports: false) == .nothing)
    }

    @Test func `a full memory is begun anew, and machines are asked again`() {
        var orders = NodeOrders(machineLimit: 2)
        for number in 1...5 {
            let machine = MACAddress(rawValue: UInt64(number))
            _ = orders.take(for: machine, in: "b", at: number) { true }
            orders.noteSessions(of: machine, in: "b")
            orders.restart(machine, in: "b")
        }
        #expect(orders.askedAt == [MACAddress(rawValue: 5): 5])
        #expect(orders.take(for: MACAddress(rawValue: 1), in: "b", at: 6) { true } == .order(.sessions))
        #expect(orders.take(for: MACAddress(rawValue: 5), in: "b", at: 6) { true } == .order(.restart))
    }
}
