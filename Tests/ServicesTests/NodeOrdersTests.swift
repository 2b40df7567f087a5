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

    @Test(arguments: [NodeOrder.restart, .powerOff])
    func `the end of a boot is ordered once, and only in the boot that it was for`(order: NodeOrder) {
        var orders = NodeOrders()
        orders.end(machine, by: order, in: "one")
        let next = take(&orders)
        #expect(next == .order(order))
        let after = take(&orders)
        #expect(after == .nothing)
        orders.end(machine, by: order, in: "one")
        for boot in ["two", "one"] {
            let other = take(&orders, in: boot)
            #expect(other == .nothing)
        }
        // A machine without a boot.
        orders.end(machine, by: order, in: nil)
        let without = take(&orders)
        #expect(without == .nothing)
    }

    @Test func `of two ends the last one counts`() {
        var orders = NodeOrders()
        orders.end(machine, by: .powerOff, in: "one")
        orders.end(machine, by: .restart, in: "one")
        let next = take(&orders)
        #expect(next == .order(.restart))
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
            orders.end(machine, by: .restart, in: "b")
        }
        #expect(orders.askedAt == [MACAddress(rawValue: 5): 5])
        #expect(orders.take(for: MACAddress(rawValue: 1), in: "b", at: 6) { true } == .order(.sessions))
        #expect(orders.take(for: MACAddress(rawValue: 5), in: "b", at: 6) { true } == .order(.restart))
    }
}
