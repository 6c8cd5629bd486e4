"""Let torchvision import beside a torch build that its compiled operators do not fit.

Its Python part registers two operators without looking whether the compiled part was loaded, and
dies. Declaring the two is enough for `torchvision.models`. The environment copies this file into
its site-packages only where a plain `import torchvision` fails; it costs nothing until then.
"""

import sys

KEPT: list[object] = []


class DeclareOperators:
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name != "torchvision":
            return
        sys.meta_path.remove(self)
        import torch

        try:
            library = torch.library.Library("torchvision", "DEF")
        except RuntimeError:  # somebody else has declared them already
            return
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        KEPT.append(library)


sys.meta_path.insert(0, DeclareOperators())
