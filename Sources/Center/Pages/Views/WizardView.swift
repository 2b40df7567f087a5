import API
import Fleet
import Wire

/// The first hour: the network, the first image, the first machine.
struct WizardView: TemplateView {
    static let template = PageTemplate("wizard", Embedded.wizard_mustache)

    var networkDone: Bool
    var hasNoDHCP: Bool
    var roles: String
    var boxes: [Box]
    /// The networks in one line.
    var networkLine: String
    /// Whether nothing is left to do.
    var isDone: Bool
    /// Whether only the choice is left.
    var oneLeft: Bool
    var imageDone: Bool
    var images: String
    /// The newest build.
    var build: BuildRow?
    var buildFailure: String?
    var canBuild: Bool
    var mayBuild: Bool
    var suite: String
    var machineDone: Bool
    var readyNodes: String
    var booting: [Booting]
    var waiting: [Waiting]
    /// Whether people have said what an unknown machine gets.
    var choiceDone: Bool
    /// What it gets, in a sentence.
    var choice: String
    var choices: [Choice]
    var mayEdit: Bool

    /// One network in the picture.
    struct Box: View {
        var interface: String
        var network: String
        var server: String
        var pools: String
        var used: String
        var size: String
    }

    struct Booting: View {
        var name: String
        var state: String
    }

    struct Waiting: View {
        var code: String
        var mac: String
        var state: String
    }

    struct Choice: View {
        var word: String
        var isChosen: Bool
        var text: String
        var hint: String
        /// What it opens in a site that has machines of its own.
        var warning: String?
    }

    /// What the page shows.
    struct Facts {
        var steps: Acts.FirstSteps
        var builds: [ImageBuilds.Build]
        var canBuild: Bool
        var suite: String
    }

    init(_ facts: Facts, mayPublish: Bool, mayEdit: Bool, _ words: Words) {
        let (steps, networks) = (facts.steps, facts.steps.networks)
        networkDone = !networks.isEmpty
        hasNoDHCP = !steps.roles.contains(.dhcp)
        roles = steps.roles.text
        boxes = networks.map { Box($0, words) }
        networkLine = boxes.map { "\($0.interface) · \($0.network)" }.joined(separator: ", ")
        imageDone = !steps.images.isEmpty
        let isUp = networkDone && imageDone && steps.hasComeUp
        isDone = isUp && steps.hasChosen
        oneLeft = isUp && !steps.hasChosen
        let names = steps.images.sorted().map(\.text)
        images =
            names.count == 1
            ? words("The image %1 is published.", names[0])
            : words("%1 images are published: %2", "\(names.count)", names.joined(separator: ", "))
        build = facts.builds.first.map { BuildRow($0, words) }
        buildFailure = facts.builds.first?.failure
        canBuild = facts.canBuild
        mayBuild = canBuild && mayPublish && facts.builds.allSatisfy(\.isOver)
        suite = facts.suite
        machineDone = steps.hasComeUp
        readyNodes =
            switch (steps.readyCount, steps.ready) {
            case (1, let name?): words("%1 is ready.", name.text)
            case (0, _): words("Machines have come up before; none is ready now.")
            case (let count, _): words("%1 machines are ready.", "\(count)")
            }
        booting = steps.booting.map {
            Booting(name: $0.name.text, state: StateView($0, words).sentence)
        }
        waiting = steps.unknown.map {
            Waiting(
                code: $0.code ?? "", mac: $0.macAddress?.description ?? "",
                state: StateView($0, words).sentence)
        }
        choiceDone = steps.hasChosen
        choice = words(steps.enrolment.explanation)
        choices = Enrolment.allCases.map {
            Choice(
                word: $0.rawValue, isChosen: $0 == steps.enrolment, text: words($0.outcome),
                hint: words($0.use),
                warning: $0 == .open && steps.hasNodes
                    ? words("Any machine that is plugged in gets the image, and can read all that is in it.")
                    : nil)
        }
        self.mayEdit = mayEdit
    }
}

extension WizardView.Box {
    fileprivate init(_ network: NetworkAnswer, _ words: Words) {
        interface = network.interface.isEmpty ? words("behind a relay") : network.interface
        self.network = network.network
        server = network.server.description
        pools = network.pools.joined(separator: ", ")
        used = Format.number(network.leased, words.language)
        size = Format.number(network.size, words.language)
    }
}

extension Enrolment {
    /// What an unknown machine does, in English.
    fileprivate var outcome: String {
        switch self {
        case .open: "boots the site's image"
        case .quarantine: "waits for approval"
        case .refuse: "gets nothing to boot"
        }
    }

    /// Where that fits, in English.
    fileprivate var use: String {
        switch self {
        case .open: "For networks where every machine may read the image."
        case .quarantine: "It shows a code until you name and approve it."
        case .refuse: "Only nodes you have added boot."
        }
    }
}
