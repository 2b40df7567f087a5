import API
import Fleet
import Testing
import Wire

@testable import Center

/// What is said of nodes that are not up, and what is done about it.
extension FleetListTests {
    @Test func `where a boot hangs is said with the time that this usually takes`() {
        let usual = BootStage.network.stuckSentence(nil, usually: 300)
        #expect(usual.english == "stuck after network: no root export opened (usually within 300 ms)")
        #expect(BootStage.network.stuckSentence(nil, usually: 2_900).english.hasSuffix("2 s)"))
        #expect(BootStage.kernel.stuckSentence(nil, usually: nil).english == "stuck after kernel")
        for language in Language.allCases where language != .english {
            #expect(!Words.of(language)(usual).contains("usually"))
        }
    }

    @Test(arguments: [
        ("step 30-root: the server refuses ‘tiny@1’: no export ‘tiny@1’", "page Images"),
        ("step 30-root: the server does not know the export tiny@a32d", "page Images"),
        ("step 30-root: timed out", "10809"), ("step 30-root: the image has no /sbin/init", "own init"),
        ("step 30-root: the NFS server refuses 10.0.0.1:/x: see the messages above", "NFS server"),
        (
            "step 30-root: the image's kernel has no ext4 for the volume: build or import the image again",
            "Images"
        ),
        (
            "step 30-root: the volume of this node cannot be mounted: ‘roost volume reset’ gives it an empty one",
            "volume"
        ),
        ("step 20-network: no DHCP server answers on eth0", "Networks"),
        ("step 20-network: no link on eth0: is the cable in?", "cable"),
        ("step 20-network: no network card with address any: its driver is missing", "driver"),
    ])
    func `the fix follows the message of a failure`(detail: String, word: String) throws {
        let fix = BootStage.fix(ofFailure: detail)
        #expect(fix.english.contains(word), "\(fix.english)")
        for language in Language.allCases where language != .english {
            let words = Words.of(language)
            let hint = try #require(fix.english.split(separator: " (").first)
            #expect(!words(fix).contains(hint), "\(words(fix))")
        }
    }

    @Test func `the server answers itself whether the refused version is served now`() throws {
        for detail in [
            "step 30-root: the server refuses ‘tiny@1’: no export ‘tiny@1’",
            "step 30-root: the server does not know the export tiny@1", "step 30-root: no export ‘tiny@1’",
        ] {
            #expect(BootStage.refusedVersion(detail)?.description == "tiny@1", "\(detail)")
        }
        let digest = "step 30-root: the server does not know the export tiny@a32d57dcf9ec"
        #expect(BootStage.refusedVersion(digest)?.description == "tiny@a32d57dcf9ec")
        #expect(BootStage.refusedVersion("step 30-root: timed out after tiny@1") == nil)
        #expect(BootStage.refusedVersion("step 30-root: no export ‘swap’") == nil)
        func fix(_ isServed: Bool, _ count: Int, _ after: AfterFailure = .obeys) -> Sentence {
            Acts.RefusedVersion(name: "tiny@1", isServed: isServed, runningCount: count).fix(after)
        }
        #expect(fix(true, 271).english == "tiny@1 is served now, and 271 nodes run it: a restart is enough")
        #expect(fix(true, 0).english == "tiny@1 is served now: a restart is enough")
        // One that cannot be asked is not to be asked.
        #expect(
            fix(true, 0, .isSilent(90_000, wasToRetry: true)).english.hasSuffix(
                ": switch off and on at the desk")
        )
        #expect(fix(true, 0, .triesAgain).english.hasSuffix(": wait: the next try comes by itself"))
        #expect(fix(false, 0).english.hasPrefix("this server does not serve tiny@1 now: "))
        for language in Language.allCases where language != .english {
            let words = Words.of(language)
            for after in [AfterFailure.obeys, .isSilent(1, wasToRetry: false), .triesAgain, .waits] {
                for (isServed, count) in [(true, 2), (true, 1), (true, 0), (false, 0)] {
                    let said = words(fix(isServed, count, after))
                    #expect(!said.contains(" now") && said.contains("tiny@1"), "\(said)")
                    #expect(!said.contains("the node"), "\(said)")
                }
            }
        }
    }

    @Test func `a node that failed says how often, what it does by itself, and who failed alike`() throws {
        let failure = "step 30-root: the server refuses ‘tiny@1’: no export ‘tiny@1’"
        let boots = (1...2).map { number in
            BootTimeline(
                boot: "\(number)", macAddress: MACAddress(rawValue: 1),
                entries: [
                    BootTimeline.Entry(stage: .network, at: 0, detail: ""),
                    BootTimeline.Entry(stage: .failed, at: 1_000, detail: failure),
                ])
        }
        let node = Node(name: try NodeName("pc-1"), group: .site, macAddresses: [])
        let settings = FleetSnapshot.empty.settings(of: node).all.map(SettingAnswer.init)
        let answer = NodeAnswer(
            node: node, isKnown: true, state: .failed, learnedCards: [], sessions: [], settings: settings,
            version: "tiny@1", isOutdated: false, boots: boots)
        func warning(_ after: AfterFailure, mayRestart: Bool = false) -> NodeView.Warning? {
            let served = Acts.RefusedVersion(name: "tiny@1", isServed: true, runningCount: 271)
            return NodeView.Warning(
                answer, alike: 9, failure: (served.fix(after), after), usual: nil, mayRestart: mayRestart,
                PageViewTests.words)
        }
        let again = "failed boots one after the other: 2; it tries again 10 seconds after each failure"
        #expect(warning(.triesAgain)?.outlook == again)
        let silent = try #require(warning(.isSilent(300_000, wasToRetry: true)))
        // It would try again if it could: that it does nothing by itself is true only of one whose system ran.
        #expect(silent.outlook?.hasSuffix("5 min: it is off, hangs, or has no network") == true)
        let gone = warning(.isSilent(300_000, wasToRetry: false))?.outlook
        #expect(gone?.hasSuffix("heard of it for 5 min, and it does nothing by itself") == true)
        #expect(
            silent.fix
                == "tiny@1 is served now, and 271 nodes run it: switch off and on at the desk")
        let obeys = try #require(warning(.obeys, mayRestart: true))
        #expect(obeys.places.map(\.path) == ["/nodes/pc-1/restart", "/images", "/nodes/pc-1?tab=log"])
        let warning = try #require(NodeView.Warning(answer, alike: 9, usual: nil, PageViewTests.words))
        // What is not known is not said.
        #expect(warning.outlook == "failed boots one after the other: 2")
        #expect(warning.places.map(\.path) == ["/images", "/nodes/pc-1?tab=log"])
        #expect(warning.others?.label == "Other nodes with the same failure: 9")
        #expect(warning.others?.path.contains("failed%3A%20step%2030-root") == true)
        #expect(NodeView.Warning(answer, alike: 0, usual: nil, PageViewTests.words)?.others == nil)
        // The stage that failed can be seen, however short it was.
        let view = NodeView.Boot(boots[0], isFirst: true, [.network: 900_000], PageViewTests.words)
        let last = try #require(view.segments.last)
        #expect(last.width >= 14 && last.x + last.width <= 1_000)
    }
}
