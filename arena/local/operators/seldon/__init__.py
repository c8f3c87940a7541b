"""SeldonDeployment of Seldon Core: predictors of one model each, as Deployments and Services."""
