import Testing
import Wire

@testable import Fleet

/// Machines that shut down in order, and those that ask for orders.
@Suite struct OrderlyEndTests {
    private let machine = MACAddress(rawValue: 7)
    private let version = Digest(String(repeating: "a", count: 64))

    private func tracker(_ stages: [BootStage]) -> BootTracker {
        var tracker = BootTracker()
        _ = tracker.note(.dhcp, of: machine, at: 0, detail: "") { "one" }
        tracker.offer(version, to: machine)
        for (index, stage) in stages.enumerated() {
            _ = tracker.report(stage, boot: "one", machine: machine, at: 10 * (index + 1), detail: "")
        }
        return tracker
    }

    @Test func `the end closes its boot for reports, and the next request begins another boot`() {
        var tracker = tracker([.handover, .ready])
        let foreign = tracker.report(.off, boot: "other", machine: machine, at: 50, detail: "")
        #expect(foreign == nil && tracker.progress(of: machine)?.stage == .ready)
        let end = tracker.report(.off, boot: "one", machine: machine, at: 60, detail: "")
        #expect(end?.stage == .off && end?.version == version)
        for stage in [BootStage.ready, .failed, .off] {
            let late = tracker.report(stage, boot: "one", machine: machine, at: 70, detail: "")
            #expect(late == nil, "\(stage)")
        }
        #expect(tracker.progress(of: machine)?.stage == .off)
        let next = tracker.note(.dhcp, of: machine, at: 80, detail: "") { "two" }
        #expect(next?.boot == "two" && tracker.progress(of: machine)?.stage == .dhcp)
    }

    @Test func `after a restart of the server only the open boot may end`() {
        var timeline = BootTimeline(
            boot: "one", macAddress: machine,
            entries: [.init(stage: .dhcp, at: 0, detail: ""), .init(stage: .ready, at: 10, detail: "")])
        timeline.attends = true
        var tracker = BootTracker()
        tracker.restore([timeline])
        let foreign = tracker.report(.off, boot: "zero", machine: machine, at: 20, detail: "")
        #expect(foreign == nil)
        // It is known that this machine asks.
        let asked = tracker.noteOrders(of: machine, at: 20)
        #expect(!asked.isFirst && asked.event == nil)
        let end = tracker.report(.off, boot: "one", machine: machine, at: 30, detail: "")
        #expect(end?.stage == .off)
        timeline.add(.init(stage: .off, at: 30, detail: ""))
        var next = BootTracker()
        next.restore([timeline])
        let late = next.report(.ready, boot: "one", machine: machine, at: 40, detail: "")
        #expect(late == nil && next.progress(of: machine)?.stage == .off)
    }

    @Test func `the first order of a boot is told once, and one long after the end shows that it runs`() {
        var tracker = tracker([.ready])
        let (first, second) = (
            tracker.noteOrders(of: machine, at: 30), tracker.noteOrders(of: machine, at: 40)
        )
        #expect(first.isFirst && !second.isFirst && first.event == nil && second.event == nil)
        _ = tracker.report(.off, boot: "one", machine: machine, at: 100, detail: "")
        let meanwhile = tracker.noteOrders(of: machine, at: 100 + BootTracker.endMilliseconds)
        #expect(meanwhile.event == nil && tracker.progress(of: machine)?.stage == .off)
        let later = tracker.noteOrders(of: machine, at: 101 + BootTracker.endMilliseconds)
        #expect(later.event?.stage == .ready && tracker.progress(of: machine)?.stage == .ready)
        _ = tracker.note(.dhcp, of: machine, at: 200_000, detail: "") { "two" }
        let next = tracker.noteOrders(of: machine, at: 200_001)
        #expect(next.isFirst)
        let stranger = tracker.noteOrders(of: MACAddress(rawValue: 8), at: 1)
        #expect(!stranger.isFirst && stranger.event == nil)
    }

    private func judged(_ stage: BootStage, _ boot: String, at: Int, before: [BootStage]) -> JudgedBoot? {
        let timeline = BootTimeline(
            boot: "one", macAddress: machine,
            entries: before.enumerated().map { .init(stage: $1, at: 10 * $0, detail: "") }, version: version)
        let event = BootEvent(
            boot: boot, macAddress: machine, stage: stage, at: at, detail: "", version: version)
        return JudgedBoot(event, before: BootProgress(timeline))
    }

    @Test func `an end is no verdict about its boot`() {
        #expect(judged(.off, "one", at: 90, before: [.dhcp, .kernel, .ready]) == nil)
        #expect(judged(.ready, "one", at: 90, before: [.dhcp, .kernel, .ready, .off]) == nil)
        #expect(judged(.dhcp, "two", at: 90, before: [.dhcp, .kernel, .ready, .off]) == nil)
        // Without it, a restart before ready is a failure.
        #expect(judged(.dhcp, "two", at: 90, before: [.dhcp, .kernel, .handover, .off]) == nil)
        #expect(judged(.dhcp, "two", at: 90, before: [.dhcp, .kernel, .handover]) != nil)
    }
}
