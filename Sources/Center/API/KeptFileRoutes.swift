import Fleet
import Hummingbird

/// Files of LTSP that stay the truth.
struct KeptFileRoutes {
    func add(to api: Routes) {
        api.get("kept-files", .read) { _, _, acts in try JSONAnswer(acts.keptFiles())
        }
    }
}
