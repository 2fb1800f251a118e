"""Write the stills of panels: pictures that stay with the notebook, and need neither a kernel nor a browser's script.

A still is HTML beside the live panel, in an output of its own. It is shown by nbconvert, nbviewer and GitHub, in e-mail
and in a notebook that is opened again without its kernel. The live panel hides it for as long as it is there.

Why an output of its own, and not HTML in the same output as the widget: JupyterLab, for one, always prefers the widget,
and has only "Loading widget..." or an error to show where the kernel is gone. Why an image as a data address, and not
SVG in the HTML: the sanitisers of JupyterLab and of GitHub take SVG out, and leave an image with its text.
"""
