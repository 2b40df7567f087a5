import Testing
import Wire

@Suite struct NodeOrderTests {
    @Test(arguments: [NodeOrder.restart, .powerOff, .sessions, .nodes, .apply(number: "0a")])
    func `an order comes back from its text`(order: NodeOrder) {
        #expect(NodeOrder(text: order.text) == order)
    }

    @Test(arguments: ["", " ", "apply", "apply ", "apply 1 2", "restart now", " restart", "APPLY 1", "else"])
    func `another text is no order`(text: String) { #expect(NodeOrder(text: text) == nil) }
}
