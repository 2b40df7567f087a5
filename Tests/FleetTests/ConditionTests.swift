import Foundation
import Testing
import Wire

@testable import Fleet

@Suite struct ConditionTests {
    private func facts(_ name: String = "pc-7", _ json: String = "{}") throws -> NodeFacts {
        var node = Node(
            name: try NodeName(name), group: try GroupPath("/school/room-1"),
            macAddresses: [MACAddress(rawValue: 0x5254_0000_00AB)])
        node.tags = ["lab"]
        let hardware = try JSONDecoder().decode(Hardware.self, from: Data(json.utf8))
        node.address = IPv4Address("10.7.0.1")
        return NodeFacts(node, hardware: SharedHardware(hardware)) { $0 == .address ? ["10.77.0.20"] : [] }
    }

    private static let machine = #"""
        {"vendor":"HP","product":"t630 Thin Client","serial":"École 7","memoryMebibytes":1900,"processorCount":4,"isSecureBootOn":true,
        "cards":[{"name":"eth0","macAddress":"52:54:00:00:00:ab","driver":"r8169"},
        {"name":"eth1","macAddress":"52:54:00:00:00:ac","driver":"e1000"}]}
        """#

    @Test(arguments: [
        ("", true), ("memory < 2 GiB", true), ("memory<2GiB", true), ("memory >= 1900", true),
        ("memory < 1 GiB", false),
        ("vendor = hp", true), ("vendor = \"HP\" and memory < 2GiB", true),
        ("vendor = HP memory > 2GiB", false),
        ("vendor != Dell", true), ("product ~ thin", true), ("product ~ t6*client", true),
        ("product ~ t7*", false),
        ("driver = e1000", true), ("driver != e1000", false), ("group = /school", true),
        ("group = /school/room-2", false),
        ("tag = lab", true), ("secure-boot = on", true), ("tpm = no", true), ("processors = 4", true),
        ("not vendor = HP", false), ("vendor = Dell or (product ~ thin and not memory > 4GiB)", true),
        ("pc-7", true), ("pc-[1-9]", true), ("pc-[1-6,8]", false), ("room-1", true),
        ("52:54:00:00:00:ab", true),
        ("t630 hp", true), ("nonsense", false), ("state = ready", false),
        ("THIN", true), ("/school/room", true), ("école", true), ("ÉCOLE", true), ("00:ab", true),
        ("00:ad", false), ("ab", true), ("bed", false), ("10.7", true), ("10.77.0.20", true),
        ("7.0.20", false), ("10.8", false),
        ("pc-*", true), ("PC-?", true), ("*", true), ("pc-??", false), ("lab*", false), ("not pc-*", false),
        ("name~pc-*", true), ("mac~52:54:*", true), ("product = t6*", false),
    ])
    func `conditions are true or false`(text: String, holds: Bool) throws {
        #expect(try Condition(text).holds(for: facts("pc-7", Self.machine)) == holds, "\(text)")
    }

    @Test(arguments: [
        "memory <", "memory < many", "(vendor = HP", "vendor = HP)", "colour = red", "= HP", "vendor = \"HP",
        "n[3-1]",
        "n[a]", "n[1-3]*", "name=pc-*", "group != /school/*", "mac=52:54:*", "not", "vendor = HP or",
        "memory < 99999999999999999999",
        String(repeating: "(", count: 200), String(repeating: "a ", count: 1_001),
        String(repeating: "not ", count: 300) + "a",
    ])
    func `an invalid condition is refused with its reason`(text: String) {
        #expect(throws: InvalidCondition.self) { try Condition(text) }
    }

    @Test func `a new condition has at most fifty comparisons, and an existing rule's may have more`() throws
    {
        for part in ["a", "\"a\"", "n[1-2]", "vendor = a"] {
            let fitting = Array(repeating: part, count: Condition.comparisonLimit).joined(separator: " or ")
            #expect(throws: Never.self) { try Condition(fitting) }
            let text = fitting + " or not (\(part))"
            let refusal = #expect(throws: InvalidCondition.self) { try Condition(text) }
            #expect(refusal?.problem == "more than 50 comparisons")
            guard case .any(let parts) = try Condition(stored: text) else {
                Issue.record("\(text) has no parts")
                continue
            }
            #expect(parts.count == Condition.comparisonLimit + 1)
        }
    }

    @Test func `a pattern is compared by a tilde, and existing rules may have it otherwise`() throws {
        let refusal = #expect(throws: InvalidCondition.self) { try Condition("name != pc-*") }
        #expect(
            refusal?.problem == "‘!=’ compares the whole value; a pattern takes ‘~’: not name~pc-*")
        #expect(throws: Never.self) { try Condition(stored: "name=pc-*") }
    }

    @Test func `unknown values never match`() throws {
        let node = Node(name: try NodeName("pc"), macAddresses: [])
        let facts = NodeFacts(node, hardware: nil)
        #expect(try !Condition("memory < 2 GiB").holds(for: facts))
        #expect(try Condition("vendor != HP").holds(for: facts))
    }

    @Test(arguments: [
        ("n[1-40]", "n1", true), ("n[1-40]", "n40", true), ("n[1-40]", "n41", false),
        ("n[1-40]", "n01", false),
        ("n[01-16]", "n01", true), ("n[01-16]", "n1", false), ("rack[1-2]-n[1,3]", "rack2-n3", true),
        ("rack[1-2]-n[1,3]", "rack2-n2", false), ("n[1-40]x", "n7", false),
    ])
    func `name ranges are parsed`(text: String, name: String, isIn: Bool) throws {
        #expect(try #require(NameRange(text)).contains(name) == isIn)
    }

    @Test func `a pattern full of stars is matched fast`() {
        let text = String(repeating: "a", count: 5_000)
        #expect(!Wildcard.matches(text, pattern: String(repeating: "*a", count: 200) + "b"))
    }
}
