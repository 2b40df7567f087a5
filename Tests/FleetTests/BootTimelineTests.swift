import Fleet
import Testing
import Wire

/// The stages of one boot.
@Suite struct BootTimelineTests {
    private static func timeline(_ stages: (BootStage, Int)...) -> BootTimeline {
        var timeline = BootTimeline(boot: "b", macAddress: MACAddress(rawValue: 1), entries: [])
        for (stage, at) in stages {
            timeline.add(BootTimeline.Entry(stage: stage, at: at, detail: ""))
        }
        return timeline
    }

    @Test func `a late report stands where it belongs, and hides no later stage`() {
        let timeline = Self.timeline((.dhcp, 10), (.kernel, 20), (.ready, 50), (.root, 40), (.network, 30))
        #expect(timeline.entries.map(\.stage) == [.dhcp, .kernel, .network, .root, .ready])
        #expect(timeline.state == "ready" && timeline.readyAfter == 40)
    }

    @Test func `reports of one moment stay in their order`() {
        let timeline = Self.timeline((.dhcp, 10), (.loader, 10), (.script, 10))
        #expect(timeline.entries.map(\.stage) == [.dhcp, .loader, .script])
    }

    @Test func `what a machine does is said for people`() {
        #expect(
            BootTimeline(boot: "b", macAddress: MACAddress(rawValue: 1), entries: []).state == "no boot seen")
        #expect(Self.timeline((.kernel, 1)).state == "at kernel")
        var failed = Self.timeline((.dhcp, 1))
        failed.add(BootTimeline.Entry(stage: .failed, at: 2, detail: "root: no such export"))
        #expect(failed.state == "failed: root: no such export" && failed.readyAfter == nil)
    }
}
