import Testing
import Wire

@Suite struct LogMessageTests {
    @Test(arguments: [
        (
            "<34>1 2026-10-11T22:14:15.003Z host su 123 ID47 - 'su root' failed", "critical",
            "su[123]: 'su root' failed"
        ),
        ("<13>Oct 11 22:14:15 host cron[5]: hello", "notice", "cron[5]: hello"),
        ("<13>Oct  1 22:14:15 cron[5]: no host name", "notice", "cron[5]: no host name"),
        ("<6>plain", "informational", "plain"),
        ("6,416,1758426,-,caller=T1;usb 1-1: new device", "informational", "usb 1-1: new device"),
        ("[    1.5] usb 1-1: new device\n", "informational", "[    1.5] usb 1-1: new device"),
        (
            "0,2,3,-;Kernel panic - not syncing: Attempted to kill init!", "emergency",
            "Kernel panic - not syncing: Attempted to kill init!"
        ),
        ("<999>odd", "informational", "<999>odd"), ("", "informational", ""),
        ("a\u{1}b\nc", "informational", "a b c"),
    ])
    func `messages are read in all their forms`(wire: String, severity: String, text: String) {
        let message = LogMessage(parsing: Array(wire.utf8).span)
        #expect("\(message.severity)" == severity)
        #expect(message.text == text)
    }

    @Test func `a crash is recognised, and a message about one is not mistaken for it`() {
        #expect(LogMessage(severity: .emergency, text: "Kernel panic - not syncing: x").isCrash)
        #expect(LogMessage(severity: .alert, text: "BUG: unable to handle page fault").isCrash)
        #expect(!LogMessage(severity: .notice, text: "kernel panics are rare").isCrash)
    }

    @Test func `a long message is cut, and no byte sequence traps`() {
        let long = LogMessage(parsing: [UInt8](repeating: 0x61, count: 70_000).span)
        #expect(long.text.utf8.count == LogMessage.byteLimit)
        for prefix in ["<1", "<13>1 ", "<13>Oct ", "6,1,1,-;", "6,,;", "<>"] {
            for byte in UInt8.min...UInt8.max {
                _ = LogMessage(parsing: (Array(prefix.utf8) + [byte, byte]).span)
            }
        }
    }
}
