import Fleet
import Testing
import Wire

@testable import Center

/// The log lines of boots.
@Suite struct BootLinesTests {
    private func line(_ lines: BootLines, _ mac: UInt64, isNode: Bool, at now: Int) -> [String] {
        let event = BootEvent(
            boot: "0123456789abcdef", macAddress: MACAddress(rawValue: mac), stage: .dhcp, at: 0,
            detail: "offer")
        return lines.of(event, isNode: isNode, now: now)
    }

    @Test func `unknown machines add a limited number of lines, and nodes all of theirs`() {
        let lines = BootLines()
        let count = (1...20_000).reduce(0) { $0 + line(lines, UInt64($1), isNode: false, at: 1_000).count }
        #expect(count == 2_000)
        #expect(line(lines, 1, isNode: true, at: 1_000) == ["boot: 00:00:00:00:00:01 dhcp: offer"])
        #expect(
            line(lines, 2, isNode: false, at: 1_100) == [
                "boot: 18000 lines of machines that are not nodes were left out",
                "boot: 00:00:00:00:00:02 dhcp: offer",
            ])
    }
}
